"""Keypoint cycle: a result must show the keypoints it was animated with, be it on its own source or on somebody else's.

On its own source a result also has its picture to be compared with; somebody else's face in the driver's motion is what
a call shows, and nothing but its keypoints can be asked for.
"""

import copy

import torch
from torch import Tensor, nn

from models.geometry import Keypoints, cholesky_2x2, inverse_2x2
from models.portrait_net import Animation, PortraitNet
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


def animate_others(
    network: PortraitNet, features: dict[str, Tensor], source: Keypoints, driving: Keypoints, count: int
) -> Animation:
    """The first `count` motions of a batch on the sources of their neighbours in it."""
    others = Keypoints(*(of_neighbours(tensor, count) for tensor in source))
    neighbours = {name: of_neighbours(tensor, count) for name, tensor in features.items()}
    wanted = relative_motion(Keypoints(*(t[:count] for t in driving)), others, Keypoints(*(t[:count] for t in source)))
    return network.animate(neighbours, others, wanted)


def of_neighbours(tensor: Tensor, count: int) -> Tensor:
    """For each of the first `count` of a batch what its neighbour has."""
    return tensor.roll(1, dims=0)[:count]


def relative_motion(driving: Keypoints, portrait: Keypoints, neutral: Keypoints) -> Keypoints:
    """The portrait's keypoints moved as from `neutral` to `driving` (paper, section 3.5).

    Covariances by congruence with the map between the Cholesky factors, which keeps them positive definite.
    """
    with torch.autocast(portrait.mean.device.type, enabled=False):
        change = cholesky_2x2(driving.covariance) @ inverse_2x2(cholesky_2x2(neutral.covariance))
        covariance = change @ portrait.covariance @ change.mT
    return Keypoints(portrait.mean + driving.mean - neutral.mean, covariance)
