"""Random changes of pictures and masks, so that a network of head-and-shoulder crops also knows whole portraits."""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.augmentation import degrade, draw_colours, draw_flips, flip

SMALLEST_SCALE, LARGEST_SCALE = 0.45, 1.3
NEW_BACKGROUNDS = 0.4  # share of the pictures
COARSE_PX, BLUR = 8, 5  # a background is continued where its person stood in cells of so many pixels, by so many


def varied(pictures: Tensor, masks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`pictures` [b, 3, s, s] and `masks` [b, 1, s, s] in [0, 1]: mirrored, before others' backgrounds, smaller or
    larger, in other light, by a poorer camera.
    """
    mirrored = draw_flips(pictures, generator)
    pictures, masks = flip(pictures, mirrored), flip(masks, mirrored)
    others = continued(pictures, masks).roll(1, dims=0)
    replaced = torch.rand(len(pictures), 1, 1, 1, generator=generator) < NEW_BACKGROUNDS
    pictures = torch.where(replaced, masks * pictures + (1 - masks) * others, pictures)
    pictures, masks = placed(torch.cat([pictures, masks], dim=1), generator).split([3, 1], dim=1)
    pictures = draw_colours(pictures, 0.6, generator).apply(pictures)
    return degrade(pictures, 0.5, generator), masks


def continued(pictures: Tensor, masks: Tensor) -> Tensor:
    """The backgrounds of `pictures`, softly continued to where the persons of `masks` stand."""
    behind = (masks < 0.1).float()
    filled, weight = (F.avg_pool2d(x, COARSE_PX) for x in (pictures * behind, behind))
    for _ in range(3):
        filled, weight = (F.avg_pool2d(x, BLUR, 1, BLUR // 2) for x in (filled, weight))
    soft = F.interpolate(filled / weight.clamp_min(1e-4), scale_factor=float(COARSE_PX), mode="bilinear")
    return torch.where(behind > 0, pictures, soft).clamp(0, 1)


def placed(stack: Tensor, generator: torch.Generator) -> Tensor:
    """`stack` [b, c, s, s] at random scales and places, its rim continued, its lower edge below."""
    count = len(stack)
    low, high = torch.tensor([SMALLEST_SCALE, LARGEST_SCALE]).log()
    scale = (low + (high - low) * torch.rand(count, generator=generator)).exp()
    turn = 0.15 * torch.randn(count, generator=generator)
    shift = torch.rand(count, 2, generator=generator) * 2 - 1
    # Where a pixel comes from: the middle moved so far that the picture stays in sight and reaches the lower edge.
    free = (1 - scale).abs() / scale
    across = shift[:, 0] * free
    down = torch.where(scale < 1, -free + 0.3 * shift[:, 1].clamp_max(0), shift[:, 1] * free)
    cosine, sine = turn.cos() / scale, turn.sin() / scale
    theta = torch.stack([cosine, -sine, across, sine, cosine, down], dim=1).view(-1, 2, 3)
    grid = F.affine_grid(theta, list(stack.shape), align_corners=False)
    return F.grid_sample(stack, grid, padding_mode="border", align_corners=False).clamp(0, 1)
