"""Differences between pictures and between keypoints; every function returns a scalar tensor."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.geometry import Keypoints, coordinate_grid

PYRAMID_LEVELS = 4
SHADE_BLOCK = 8
DETAIL_SIZES = 2
DETAIL_BLOCK = 8
DETAIL_TOLERANCE = 0.05  # of the shade of a block
EMPHASIS_SHRINK = 4
EMPHASIS_RADIUS = 0.08  # of the square [-1, 1]: about a lid and its lashes in a portrait


def pyramid_l1(result: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of [b, 3, s, s], averaged over the picture and its halvings."""
    total = F.l1_loss(result, target)
    for _ in range(PYRAMID_LEVELS - 1):
        result, target = F.avg_pool2d(result, 2), F.avg_pool2d(target, 2)
        total = total + F.l1_loss(result, target)
    return total / PYRAMID_LEVELS


def shade_l1(result: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the shades of [b, 3, s, s]: of their means over blocks, whatever is in these."""
    return F.avg_pool2d(result - target, SHADE_BLOCK).abs().mean()


def gradient_l1(result: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of horizontal and vertical neighbour differences: keeps edges sharp."""
    horizontal, vertical = _gradients(result - target)
    return horizontal.mean() + vertical.mean()


def _gradients(difference: Tensor) -> tuple[Tensor, Tensor]:
    horizontal = (difference[..., 1:] - difference[..., :-1]).abs()
    return horizontal, (difference[..., 1:, :] - difference[..., :-1, :]).abs()


def lost_detail(result: Tensor, warped: Tensor, target: Tensor) -> Tensor:
    """How much of the `warped` source's detail is not in `result`, or something else is; in units of the target's.

    All are [b, 3, s, s]; full and half size are looked at. It counts where the warped source has the target's shades,
    so that it shows what should be there: a difference from the target alone is smallest without any detail wherever
    the flow is a pixel off. Gradients reach `result` alone.
    """
    warped, target = warped.detach(), target.detach()
    shades = F.avg_pool2d(warped - target, DETAIL_BLOCK).abs().mean(dim=1, keepdim=True)
    trust = F.interpolate(torch.exp(-shades / DETAIL_TOLERANCE), size=result.shape[2:], mode="bilinear")
    terms = []
    for _ in range(DETAIL_SIZES):
        lost = (detail(result) - detail(warped)).abs()
        terms.append((lost * trust).sum() / (detail(target).abs() * trust).sum().clamp_min(1e-6))
        result, warped, target, trust = (F.avg_pool2d(x, 2) for x in (result, warped, target, trust))
    return torch.stack(terms).mean()


def detail(image: Tensor) -> Tensor:
    """What 3x3 means leave out of `image` [b, c, h, w]."""
    return image - F.avg_pool2d(image, 3, stride=1, padding=1, count_include_pad=False)


def keypoint_distance(found: Keypoints, expected: Keypoints) -> Tensor:
    """Mean absolute difference of means, and of covariances relative to their size."""
    size = expected.covariance.diagonal(dim1=-2, dim2=-1).mean(dim=-1)[..., None, None].detach()
    shape = ((found.covariance - expected.covariance) / size).abs().mean()
    return (found.mean - expected.mean).abs().mean() + 0.1 * shape


def landmark_distance(means: Tensor, landmarks: Tensor) -> Tensor:
    """Mean absolute difference of the first m of `means` [b, k, 2] and `landmarks` [b, m, 2]; NaN ones are skipped."""
    known = landmarks.isfinite()
    difference = (means[:, : landmarks.shape[1]] - landmarks.nan_to_num()).abs() * known
    return difference.sum() / known.sum().clamp_min(1)


def span_distance(means: Tensor, landmarks: Tensor, spans: Tensor) -> Tensor:
    """Mean absolute difference of the vectors between the ends of `spans` [s, 2], found and in the landmarks."""
    (found, expected) = (points[:, spans[:, 0]] - points[:, spans[:, 1]] for points in (means, landmarks))
    return landmark_distance(found, expected)


def l1_around(result: Tensor, target: Tensor, points: Tensor) -> Tensor:
    """Mean absolute difference of [b, 3, s, s] around `points` [b, m, 2], by Gaussians; NaN points are skipped."""
    weight = _around(points, result.shape[-1])
    return ((result - target).abs() * weight).sum() / (3 * weight.sum()).clamp_min(1)


def gradient_l1_around(result: Tensor, target: Tensor, points: Tensor) -> Tensor:
    """The same of neighbour differences, horizontal and vertical: what is striped costs more than what is smooth."""
    weight, (horizontal, vertical) = _around(points, result.shape[-1]), _gradients(result - target)
    total = (horizontal * weight[..., 1:]).sum() + (vertical * weight[..., 1:, :]).sum()
    return total / (3 * weight.sum()).clamp_min(1)


def _around(points: Tensor, side: int) -> Tensor:
    """Gaussians about `points` [b, m, 2], the highest at each pixel: [b, 1, side, side]; NaN points have none."""
    size = side // EMPHASIS_SHRINK  # smooth weights need few pixels
    grid = coordinate_grid(size, size, False, points.device)
    squared = (grid - points[:, :, None, None]).square().sum(dim=-1)  # b m s/4 s/4
    weight = torch.exp(-squared / (2 * EMPHASIS_RADIUS**2)).nan_to_num().amax(dim=1, keepdim=True)  # b 1 s/4 s/4
    return F.interpolate(weight, scale_factor=float(EMPHASIS_SHRINK), mode="bilinear", align_corners=False)


def generator_adversarial(judged_generated: Tensor) -> Tensor:
    """Least-squares generator loss (paper, eq. 9)."""
    return torch.mean((1 - judged_generated) ** 2)


def discriminator_adversarial(judged_real: Tensor, judged_generated: Tensor) -> Tensor:
    """Least-squares discriminator loss (paper, eq. 8)."""
    return torch.mean((1 - judged_real) ** 2 + judged_generated**2)


def feature_matching(generated: list[Tensor], real: list[Tensor], weights: tuple[float, ...]) -> Tensor:
    """Weighted L1 between discriminator maps, the picture itself first (paper, eq. 10)."""
    terms = [weight * F.l1_loss(a, b.detach()) for weight, a, b in zip(weights, generated, real, strict=True)]
    return torch.stack(terms).sum()
