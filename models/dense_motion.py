"""Network 2: sparse keypoint shifts, masks and a residual become a backward flow.

Every keypoint proposes where each pixel of the result comes from in the source; the background proposes that it stays.
Masks mix the proposals and a residual corrects them (paper, section 3.2).
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.blocks import Hourglass, UNet, convolution
from models.config import LiveConfig, PaperConfig
from models.geometry import Keypoints, cholesky_2x2, coordinate_grid, gaussians, inverse_2x2, offsets, sample

# Untrained masks already move a face well when a keypoint reaches this far and the background outbids it beyond.
INITIAL_REACH = 0.17
INITIAL_PULL = 0.7
# A pixel this near to a keypoint is on it; a pixel this far is neither pulled nor pushed.
PULL_CORE, PULL_NEUTRAL = 0.02, 0.14
BACKGROUND_LOGIT = -1.5


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
        start_from_background(self.head, 2.0)

    def forward(self, thumbnail: Tensor, source: Keypoints, driving: Keypoints) -> DenseFlow:
        """Flow from `thumbnail` [b, 3, h, w], the source at working scale, and both keypoints."""
        height, width = thumbnail.shape[2:]
        proposals = shift_proposals(source, driving)
        difference = heatmap_difference(source, driving, height, width, True) / self.config.heatmap_divisor
        heatmaps = F.pad(difference, (0, 0, 0, 0, 1, 0))  # zero for the background
        displaced = displaced_sources(thumbnail, proposals, corners=True)
        embedding = torch.cat([heatmaps[:, :, None], displaced], dim=2).flatten(1, 2)  # proposal by proposal
        output = self.head(self.hourglass(self.groups(embedding))).float()
        masks, residual = output.split([self.config.keypoint_count + 1, 2], dim=1)
        masks = masks.softmax(dim=1)
        displacement = mix(masks.movedim(1, -1), proposals, corners=True) + residual.movedim(1, -1)
        return DenseFlow(displacement, masks, None, None)


class LiveDenseMotion(nn.Module):
    """The live network: each keypoint also turns and scales by its covariance; adds an occlusion map.

    Heatmaps are seen at 64x64, the displaced sources, which cost most, at the thumbnail's 32x32.
    """

    SIZE = 64

    def __init__(self, config: LiveConfig) -> None:
        super().__init__()
        self.keypoint_count = config.keypoint_count
        displaced = 3 * (config.keypoint_count + 1)
        self.unet = UNet(config.keypoint_count, config.motion_widths, displaced, config.summed_skips)
        self.channels_out = self.unet.channels_out
        self.head = nn.Conv2d(self.channels_out, config.keypoint_count + 4, 3, padding=1)
        start_from_background(self.head, BACKGROUND_LOGIT)
        self.log_reach = nn.Parameter(torch.full((config.keypoint_count,), math.log(INITIAL_REACH)))
        self.pull = nn.Parameter(torch.full((config.keypoint_count,), INITIAL_PULL))

    def forward(self, thumbnail: Tensor, source: Keypoints, driving: Keypoints) -> DenseFlow:
        """Flow [b, 64, 64, 2] from `thumbnail` [b, 3, 32, 32] and both keypoints."""
        height = width = self.SIZE
        with torch.autocast(thumbnail.device.type, enabled=False):
            proposals = affine_proposals(source, driving)
            heatmaps = heatmap_difference(source, driving, height, width, False)
            displaced = displaced_sources(thumbnail.float(), proposals, corners=False)
        features = self.unet(heatmaps, displaced.flatten(1, 2))
        with torch.autocast(thumbnail.device.type, enabled=False):
            # Channels last from here on, as runtimes leave the convolution: softmax and mixing then read in order.
            output = self.head(features.float()).movedim(1, -1)  # b h w k+4
            masks, residual, occlusion = output.split([self.keypoint_count + 1, 2, 1], dim=-1)
            near = nearness(driving, self.log_reach, self.pull, height, width)
            masks = (masks + near).softmax(dim=-1)
            displacement = mix(masks, proposals, corners=False) + residual
        return DenseFlow(displacement, masks.movedim(-1, 1), occlusion.movedim(-1, 1).sigmoid(), features)


def start_from_background(head: nn.Conv2d, logit: float) -> None:
    """Zero the head but for the background's bias, so that training starts from what the keypoints alone say."""
    nn.init.zeros_(head.weight)
    assert head.bias is not None
    nn.init.zeros_(head.bias)
    with torch.no_grad():
        head.bias[0] = logit


def nearness(driving: Keypoints, log_reach: Tensor, pull: Tensor, height: int, width: int) -> Tensor:
    """Mask logits [b, height, width, k + 1] that favour each pixel's nearest keypoint; zero for the background.

    The Gaussian of `log_reach` [k] parts the face from what does not move with it; the power of the distance, weighted
    by `pull` [k], parts keypoints that lie close together, such as two lips, whatever their distance.
    """
    x, y = offsets(driving.mean, height, width, corners=False)
    squared = x.square().movedim(1, -1) + y.square().movedim(1, -1)  # b h w k
    far = squared * (0.5 * torch.exp(-2 * log_reach))
    close = pull * torch.log((squared + PULL_CORE**2) / PULL_NEUTRAL**2)
    return F.pad(-far - close, (1, 0))


def shift_proposals(source: Keypoints, driving: Keypoints) -> Tensor:
    """Maps [b, k + 1, 2, 3] from (x, y, 1) in the result to the source, background first (paper, eq. 6)."""
    linear = torch.eye(2, device=source.mean.device).expand(*source.mean.shape, 2)
    return _with_background(linear, source.mean - driving.mean)


def affine_proposals(source: Keypoints, driving: Keypoints) -> Tensor:
    """Maps [b, k + 1, 2, 3] when each keypoint carries the linear map between its covariances.

    With covariances L L^T the map L_source L_driving^-1 takes the driving Gaussian onto the source's.
    """
    linear = cholesky_2x2(source.covariance) @ inverse_2x2(cholesky_2x2(driving.covariance))  # b k 2 2
    return _with_background(linear, source.mean - (linear @ driving.mean[..., None]).squeeze(-1))


def _with_background(linear: Tensor, shift: Tensor) -> Tensor:
    maps = torch.cat([linear, shift[..., None]], dim=-1)  # b k 2 3
    still = torch.eye(2, 3, device=maps.device).expand(maps.shape[0], 1, 2, 3)
    return torch.cat([still, maps], dim=1)


def heatmap_difference(source: Keypoints, driving: Keypoints, height: int, width: int, corners: bool) -> Tensor:
    """Driving minus source Gaussians [b, k, height, width]."""
    return gaussians(driving, height, width, corners) - gaussians(source, height, width, corners)


def displaced_sources(thumbnail: Tensor, proposals: Tensor, corners: bool) -> Tensor:
    """`thumbnail` [b, 3, h, w] displaced by each proposal: [b, k + 1, 3, h, w]."""
    b, _, height, width = thumbnail.shape
    count = proposals.shape[1]
    positions = homogeneous_grid(height, width, corners, thumbnail.device) @ proposals.mT  # b k+1 hw 2
    # One tall sampling instead of k + 1: runtimes do it in a single call without repeating the picture.
    displaced = sample(thumbnail, positions.view(b, count * height, width, 2), corners)
    return displaced.view(b, 3, count, height, width).transpose(1, 2)


def mix(masks: Tensor, proposals: Tensor, corners: bool) -> Tensor:
    """Displacement [b, h, w, 2] by the mean of the proposals' maps under `masks` [b, h, w, k + 1]."""
    b, height, width, _ = masks.shape
    grid = homogeneous_grid(height, width, corners, masks.device)
    still = torch.eye(2, 3, device=masks.device)
    # The maps less the identity, so that what stays is displaced by exactly nothing.
    maps = masks.flatten(1, 2) @ (proposals - still).flatten(2)  # b hw 6
    return (maps.unflatten(-1, (2, 3)) * grid[:, None]).sum(dim=-1).view(b, height, width, 2)


def homogeneous_grid(height: int, width: int, corners: bool, device: torch.device) -> Tensor:
    """Pixel positions [height * width, 3] as (x, y, 1)."""
    return F.pad(coordinate_grid(height, width, corners, device).flatten(0, 1), (0, 1), value=1.0)
