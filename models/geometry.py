"""Keypoints, Gaussians and warps on the square [-1, 1] x [-1, 1]; always float32.

Two conventions place pixels on that square. `corners=True` puts the centres of the outer pixels on its border, as the
paper's code does; `corners=False` puts their outer edges there, which runtimes sample fastest.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Keypoints(NamedTuple):
    """Keypoint means [b, k, 2] as (x, y) in [-1, 1] and covariances [b, k, 2, 2]."""

    mean: Tensor
    covariance: Tensor

    def detach(self) -> "Keypoints":
        """The same keypoints, no gradient flowing back from them."""
        return Keypoints(self.mean.detach(), self.covariance.detach())


def coordinate_axis(size: int, corners: bool, device: torch.device) -> Tensor:
    """Positions [size] of the pixels along one side."""
    steps = torch.arange(size, device=device, dtype=torch.float32)
    return 2 * steps / (size - 1) - 1 if corners else (2 * steps + 1) / size - 1


def coordinate_grid(height: int, width: int, corners: bool, device: torch.device) -> Tensor:
    """Pixel positions [height, width, 2] as (x, y)."""
    axes = coordinate_axis(height, corners, device), coordinate_axis(width, corners, device)
    rows, columns = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([columns, rows], dim=-1)


def offsets(means: Tensor, height: int, width: int, corners: bool) -> tuple[Tensor, Tensor]:
    """Where pixels lie from each of `means` [b, k, 2]: x as [b, k, 1, width] and y as [b, k, height, 1].

    Kept apart until they must meet: runtimes are slow where the innermost axis has two elements.
    """
    x = coordinate_axis(width, corners, means.device) - means[:, :, None, None, 0]
    y = coordinate_axis(height, corners, means.device)[:, None] - means[:, :, None, None, 1]
    return x, y


def moments(heatmaps: Tensor, corners: bool) -> Keypoints:
    """Mean and covariance of normalised heatmaps [b, k, h, w] (paper, eq. 1 and its covariance)."""
    height, width = heatmaps.shape[2:]
    x = coordinate_axis(width, corners, heatmaps.device)
    y = coordinate_axis(height, corners, heatmaps.device)
    columns, rows = heatmaps.sum(dim=2), heatmaps.sum(dim=3)  # b k w, b k h
    mean_x, mean_y = columns @ x, rows @ y  # b k
    from_x, from_y = x - mean_x[..., None], y - mean_y[..., None]  # b k w, b k h
    xx, yy = (columns * from_x.square()).sum(dim=2), (rows * from_y.square()).sum(dim=2)
    # Sums over columns first; not as a product of matrices, which would have runtimes turn the whole map around.
    xy = ((heatmaps * from_x[:, :, None]).sum(dim=3) * from_y).sum(dim=2)
    covariance = torch.stack([xx, xy, xy, yy], dim=-1).unflatten(-1, (2, 2))
    return Keypoints(torch.stack([mean_x, mean_y], dim=-1), covariance)


def inverse_2x2(matrices: Tensor) -> Tensor:
    """Closed-form inverse of matrices [..., 2, 2]."""
    a, b, c, d = matrices.flatten(-2).unbind(-1)
    determinant = a * d - b * c
    return torch.stack([d, -b, -c, a], dim=-1).unflatten(-1, (2, 2)) / determinant[..., None, None]


def cholesky_2x2(matrices: Tensor) -> Tensor:
    """Lower factor of positive definite matrices [..., 2, 2], closed form so that every runtime has it."""
    a, _, b, d = matrices.flatten(-2).unbind(-1)
    first = torch.sqrt(a)
    corner = b / first
    last = torch.sqrt((d - corner * corner).clamp_min(1e-8))
    return torch.stack([first, torch.zeros_like(first), corner, last], dim=-1).unflatten(-1, (2, 2))


def gaussians(keypoints: Keypoints, height: int, width: int, corners: bool) -> Tensor:
    """Unnormalised Gaussian heatmaps [b, k, height, width] with peak 1 (paper, eq. 4)."""
    x, y = offsets(keypoints.mean, height, width, corners)
    a, b, c, d = inverse_2x2(keypoints.covariance).flatten(-2)[..., None, None].unbind(2)
    return torch.exp(-0.5 * (a * x * x + (b + c) * x * y + d * y * y))


def smallest_singular_value(matrices: Tensor) -> Tensor:
    """Smaller singular value of matrices [..., 2, 2], closed form."""
    a, b, c, d = matrices.flatten(-2).unbind(-1)
    total = a * a + b * b + c * c + d * d
    split = torch.sqrt((a * a + b * b - c * c - d * d) ** 2 + 4 * (a * c + b * d) ** 2)
    return torch.sqrt((total - split) / 2)


def spread_of(points: Tensor) -> Tensor:
    """Root mean square distance [b] of `points` [b, k, 2] from their middle."""
    return (points - points.mean(dim=1, keepdim=True)).square().sum(dim=-1).mean(dim=1).sqrt()


def sample(image: Tensor, positions: Tensor, corners: bool) -> Tensor:
    """`image` [b, c, h, w] read bilinearly at `positions` [b, H, W, 2]; result [b, c, H, W] in the image's dtype.

    With `corners` what lies outside is zero, as in the paper's code. Without, the border repeats: positions are clamped
    to the outer pixel centres of a square picture, which equals border padding and lets runtimes take their fast
    zero-padding path. ValueError if the picture is not square then.
    """
    if not corners:
        height, width = image.shape[2:]
        if height != width:
            raise ValueError(f"pictures are square here; found {width}x{height}")
        positions = positions.clamp(1 / width - 1, 1 - 1 / width)
    # Half precision would round positions by whole pixels, so the reading itself is float32.
    read = F.grid_sample(image.float(), positions, mode="bilinear", padding_mode="zeros", align_corners=corners)
    return read.to(image.dtype)


def sample_rows(rows: Tensor, displacement: Tensor, weight: Tensor) -> Tensor:
    """A square picture as `rows` [s * s, c], moved by `displacement` [s, s, 2] as `sample` would without corners.

    Result [s * s, c], each row multiplied by its `weight` [s * s]. Positions are counted from each pixel's own, in
    whole pixels and a rest: a runtime that computes in bfloat16 still tells a hundredth of a pixel apart.
    """
    side = displacement.shape[0]
    index = torch.arange(side * side, device=rows.device, dtype=torch.int32)
    own = torch.stack([index % side, index // side], dim=-1)  # s*s 2
    shift = (displacement.reshape(-1, 2) * (side / 2)).clamp(-own, side - 1 - own)
    whole = torch.minimum(shift.floor(), (side - 2 - own).to(shift))
    right, down = (shift - whole).unbind(dim=-1)
    columns, lines = whole.to(torch.int32).unbind(dim=-1)
    corner = index + lines * side + columns
    shares = ((1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down)
    read = [rows.index_select(0, corner + step) for step in (0, 1, side, side + 1)]
    first, second, third, fourth = (r * (share * weight)[:, None] for r, share in zip(read, shares, strict=True))
    return first + second + third + fourth
