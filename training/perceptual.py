"""Perceptual distance: pictures compared by what the first layers of a network trained on photographs see in them.

The network is EfficientNet-Lite0, of which the first five blocks cost 0.15 GMACs at 256x256.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.efficientnet import EfficientNetLite, normalised
from training.efficientnet import load_pretrained, packaged_weights

# The blocks after which features are compared: at 1/2, 1/4 and 1/8 of the size.
COMPARED_AFTER = (0, 2, 4)


class PerceptualDistance(nn.Module):
    """Mean absolute difference of features, each level in units of the target's mean. Its weights are fixed."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.network = EfficientNetLite(COMPARED_AFTER[-1] + 1, COMPARED_AFTER)
        load_pretrained(self.network, weights)
        self.requires_grad_(False).eval()

    def forward(self, result: Tensor, target: Tensor) -> Tensor:
        """Scalar distance of pictures [b, 3, s, s] in [0, 1]; gradients reach `result` alone."""
        with torch.no_grad():
            expected = self.features(target)
        terms = [
            F.l1_loss(found.float(), wanted.float()) / wanted.float().abs().mean().clamp_min(1e-6)
            for found, wanted in zip(self.features(result), expected, strict=True)
        ]
        return torch.stack(terms).mean()

    def features(self, image: Tensor) -> list[Tensor]:
        """Features of `image` [b, 3, s, s] in [0, 1]: [b, 16, s/2, s/2], [b, 24, s/4, s/4] and [b, 40, s/8, s/8]."""
        found: list[Tensor] = self.network(normalised(image))
        return found


def open_perceptual_distance() -> PerceptualDistance:
    """The distance with the package's weights; PretrainedError if the package is missing or holds other ones."""
    return PerceptualDistance(packaged_weights())
