"""Random changes of a batch on the training device: flips, colours, and the warps that keypoints must follow."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.geometry import Keypoints, inverse_2x2, sample

LARGEST_NOISE = 0.15


def draw_flips(like: Tensor, generator: torch.Generator) -> Tensor:
    """Which pictures of a batch to mirror, [b] bool, each with probability one half."""
    return _uniform(like.shape[0], 0, 1, like, generator) < 0.5


def flip(images: Tensor, mirrored: Tensor) -> Tensor:
    """Pictures [b, 3, s, s] with those of `mirrored` [b] flipped left to right."""
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


@dataclass(frozen=True, slots=True)
class Colours:
    """Per picture [b, 1, 1, 1] factors, so that the same change can be given to both frames of a pair."""

    brightness: Tensor
    contrast: Tensor
    saturation: Tensor
    tint: Tensor  # b 3 1 1

    def apply(self, image: Tensor) -> Tensor:
        """`image` [b, 3, s, s] in [0, 1] with its colours changed, clamped to [0, 1]."""
        mean = image.mean(dim=(1, 2, 3), keepdim=True)
        grey = image.mean(dim=1, keepdim=True)
        image = grey + (image - grey) * self.saturation
        image = mean + (image - mean) * self.contrast
        return (image * self.brightness * self.tint).clamp(0, 1)


def draw_colours(like: Tensor, strength: float, generator: torch.Generator) -> Colours:
    """Colour changes for a batch [b, 3, s, s]; `strength` 0 changes nothing, 1 is a poorly lit room."""
    batch = like.shape[0]

    def factor(spread: float, channels: int = 1) -> Tensor:
        values = _uniform(batch * channels, -spread * strength, spread * strength, like, generator)
        return torch.exp(values).view(batch, channels, 1, 1)

    return Colours(factor(0.5), factor(0.4), factor(0.4), factor(0.15, channels=3))


def degrade(image: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """`image` [b, 3, s, s] in [0, 1] as a poor camera sees it: some softened, with noise, mostly weak; 0 keeps it."""
    batch = image.shape[0]
    soft = F.interpolate(F.avg_pool2d(image, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
    softened = _uniform(batch, 0, 1, image, generator) < strength / 2
    image = torch.where(softened[:, None, None, None], soft, image)
    # The third power: most cameras are good, a few are very bad.
    level = LARGEST_NOISE * strength * _uniform(batch, 0, 1, image, generator) ** 3
    # Of noise only the seed is drawn on the CPU: a GPU would wait for so many numbers longer than it trains.
    seed = int(torch.randint(2**62, (), generator=generator))
    noise = torch.randn(image.shape, generator=torch.Generator(image.device).manual_seed(seed), device=image.device)
    return (image + level[:, None, None, None] * noise).clamp(0, 1)


@dataclass(frozen=True, slots=True)
class AffineWarp:
    """Maps positions p of the warped picture to matrix p + shift in the original; [b, 2, 2] and [b, 2]."""

    matrix: Tensor
    shift: Tensor

    def warp(self, image: Tensor) -> Tensor:
        """`image` [b, 3, s, s] seen through the warp, its border repeated."""
        theta = torch.cat([self.matrix, self.shift[:, :, None]], dim=2)
        return sample(image, F.affine_grid(theta, list(image.shape), align_corners=False), corners=False)

    def to_original(self, keypoints: Keypoints) -> Keypoints:
        """Keypoints found in the warped picture, expressed in the original."""
        matrix = self.matrix[:, None]
        mean = (matrix @ keypoints.mean[..., None]).squeeze(-1) + self.shift[:, None]
        return Keypoints(mean, matrix @ keypoints.covariance @ matrix.mT)

    def to_warped(self, points: Tensor) -> Tensor:
        """Points [b, m, 2] of the original, where the warped picture shows them."""
        return (inverse_2x2(self.matrix)[:, None] @ (points - self.shift[:, None])[..., None]).squeeze(-1)


def draw_affine(like: Tensor, generator: torch.Generator) -> AffineWarp:
    """Rotation within 25 degrees, scale within a quarter, a little shear and shift."""
    batch = like.shape[0]
    angle = _uniform(batch, -math.radians(25), math.radians(25), like, generator)
    scale = torch.exp(_uniform(batch, -0.25, 0.25, like, generator))
    stretch = torch.exp(_uniform(batch, -0.1, 0.1, like, generator))
    shear = _uniform(batch, -0.15, 0.15, like, generator)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    rotation = torch.stack([cosine, -sine, sine, cosine], dim=-1).view(batch, 2, 2)
    upper = torch.stack([scale * stretch, shear, torch.zeros_like(shear), scale / stretch], dim=-1).view(batch, 2, 2)
    shift = _uniform(batch * 2, -0.15, 0.15, like, generator).view(batch, 2)
    return AffineWarp(rotation @ upper, shift)


def _uniform(count: int, low: float, high: float, like: Tensor, generator: torch.Generator) -> Tensor:
    # Drawn on the CPU, so that a run is the same on every device.
    values = torch.rand(count, generator=generator) * (high - low) + low
    return values.to(like.device)
