"""Keypoint cycle: a result must show the keypoints it was animated with, be it on its own source or on somebody else's.

On its own source a result also has its picture to be compared with; somebody else's face in the driver's motion is what
a call shows, and nothing but its keypoints can be asked for.
"""

import copy

import torch
from torch import Tensor, nn

from training.losses import landmark_distance, span_distance


class KeypointCycle:
    """Looks at results with a copy of the detector that never learns: one that learns would learn to agree."""

    def __init__(self, detector: nn.Module) -> None:
        self.detector = copy.deepcopy(detector).requires_grad_(False).eval()

    def see(self, *images: Tensor) -> tuple[Tensor, ...]:
        """The keypoints' means [b, k, 2] in each of several batches of pictures [b, 3, s, s]."""
        means: Tensor = self.detector(torch.cat(images)).mean
        return means.chunk(len(images))

    def distance(self, image: Tensor, wanted: Tensor, spans: Tensor | None) -> Tensor:
        """Mean distance of the keypoints in `image` from `wanted` [b, k, 2], and of the `spans` [n, 2] among them."""
        (found,) = self.see(image)
        distance = landmark_distance(found, wanted)
        return distance if spans is None else distance + span_distance(found, wanted, spans)
