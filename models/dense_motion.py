"""Network 2: sparse keypoint shifts, masks and a residual become a backward flow.

Every keypoint proposes where each pixel of the result comes from in the source; the background proposes that it stays.
Masks mix the proposals and a residual corrects them (paper, section 3.2).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.blocks import Hourglass, UNet, convolution
from models.config import LiveConfig, PaperConfig
from models.geometry import Keypoints, cholesky_2x2, coordinate_grid, gaussians, inverse_2x2, sample


class DenseFlow(NamedTuple):
    """What the motion network says about each pixel of the result.

    displacement [b, h, w, 2]: source position minus own position, in [-1, 1] units. masks [b, k + 1, h, w]: share of
    each proposal, background first. occlusion [b, 1, h, w] in [0, 1]: how much the source can be trusted, or None.
    features [b, c, h, w]: the network's last layer, for the generator, or None.
    """

    displacement: Tensor
    masks: Tensor
    occlusion: Tensor | None
    features: Tensor | None


class PaperDenseMotion(nn.Module):
    """The paper's network: shifts only, grouped 1x1 blocks on the embedding, then an hourglass."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        groups = config.keypoint_count + 1
        channels = 4 * groups
        self.groups = nn.Sequential(
            *(convolution(channels, channels, kernel=1, groups=groups) for _ in range(config.group_blocks))
        )
        self.hourglass = Hourglass(config.width, channels, config.motion_blocks, config.maximum_width)
        self.head = nn.Conv2d(self.hourglass.channels_out, groups + 2, 3, padding=1)
        start_from_background(self.head)

    def forward(self, thumbnail: Tensor, source: Keypoints, driving: Keypoints) -> DenseFlow:
        """Flow from `thumbnail` [b, 3, h, w], the source at working scale, and both keypoints."""
        height, width = thumbnail.shape[2:]
        proposals = shift_proposals(source, driving)[:, :, None, None].expand(-1, -1, height, width, -1)
        heatmaps = heatmap_difference(source, driving, height, width, True) / self.config.heatmap_divisor
        embedding = embed(thumbnail, heatmaps, proposals, corners=True)
        masks, residual = (
            self.head(self.hourglass(self.groups(embedding))).float().split([self.config.keypoint_count + 1, 2], dim=1)
        )
        masks = masks.softmax(dim=1)
        return DenseFlow(mix(masks, proposals) + residual.movedim(1, -1), masks, None, None)


class LiveDenseMotion(nn.Module):
    """The live network: each keypoint also turns and scales by its covariance; adds an occlusion map."""

    def __init__(self, config: LiveConfig) -> None:
        super().__init__()
        self.keypoint_count = config.keypoint_count
        self.unet = UNet(4 * (config.keypoint_count + 1), config.motion_widths)
        self.channels_out = self.unet.channels_out
        self.head = nn.Conv2d(self.channels_out, config.keypoint_count + 4, 3, padding=1)
        start_from_background(self.head)

    def forward(self, thumbnail: Tensor, source: Keypoints, driving: Keypoints) -> DenseFlow:
        """Flow from `thumbnail` [b, 3, 64, 64] and both keypoints."""
        height, width = thumbnail.shape[2:]
        with torch.autocast(thumbnail.device.type, enabled=False):
            proposals = affine_proposals(source, driving, height, width)
            heatmaps = heatmap_difference(source, driving, height, width, False)
            embedding = embed(thumbnail.float(), heatmaps, proposals, corners=False)
        features = self.unet(embedding)
        masks, residual, occlusion = self.head(features).float().split([self.keypoint_count + 1, 2, 1], dim=1)
        masks = masks.softmax(dim=1)
        displacement = mix(masks, proposals) + residual.movedim(1, -1)
        return DenseFlow(displacement, masks, occlusion.sigmoid(), features)


def start_from_background(head: nn.Conv2d) -> None:
    """Zero the head but for the background's bias, so that training starts from a nearly still picture."""
    nn.init.zeros_(head.weight)
    assert head.bias is not None
    nn.init.zeros_(head.bias)
    with torch.no_grad():
        head.bias[0] = 2.0


def shift_proposals(source: Keypoints, driving: Keypoints) -> Tensor:
    """Displacements [b, k + 1, 2], background first (paper, eq. 6)."""
    return F.pad(source.mean - driving.mean, (0, 0, 1, 0))


def affine_proposals(source: Keypoints, driving: Keypoints, height: int, width: int) -> Tensor:
    """Displacements [b, k + 1, height, width, 2] when each keypoint carries the linear map between its covariances.

    With covariances L L^T the map L_source L_driving^-1 takes the driving Gaussian onto the source's.
    """
    grid = coordinate_grid(height, width, False, source.mean.device)
    linear = cholesky_2x2(source.covariance) @ inverse_2x2(cholesky_2x2(driving.covariance))  # b k 2 2
    x, y = (grid - driving.mean[:, :, None, None]).unbind(-1)  # b k h w
    a, b, c, d = linear.flatten(-2)[..., None, None].unbind(2)  # b k 1 1
    moved = torch.stack([a * x + b * y, c * x + d * y], dim=-1) + source.mean[:, :, None, None]
    return F.pad(moved - grid, (0, 0, 0, 0, 0, 0, 1, 0))


def heatmap_difference(source: Keypoints, driving: Keypoints, height: int, width: int, corners: bool) -> Tensor:
    """Driving minus source Gaussians [b, k + 1, height, width], zero for the background."""
    difference = gaussians(driving, height, width, corners) - gaussians(source, height, width, corners)
    return F.pad(difference, (0, 0, 0, 0, 1, 0))


def embed(thumbnail: Tensor, heatmaps: Tensor, proposals: Tensor, corners: bool) -> Tensor:
    """Per proposal its heatmap and the source displaced by it, [b, 4 (k + 1), h, w], proposal by proposal."""
    b, count, height, width = heatmaps.shape
    positions = proposals + coordinate_grid(height, width, corners, thumbnail.device)
    # One tall sampling instead of k + 1: runtimes do it in a single call without repeating the picture.
    displaced = sample(thumbnail, positions.reshape(b, count * height, width, 2), corners)
    displaced = displaced.view(b, 3, count, height, width).transpose(1, 2)
    return torch.cat([heatmaps[:, :, None], displaced], dim=2).flatten(1, 2)


def mix(masks: Tensor, proposals: Tensor) -> Tensor:
    """Displacement [b, h, w, 2] as the masks' mean of the proposals."""
    return (masks[..., None] * proposals).sum(dim=1)
