"""Network 1: a frame becomes keypoint means and covariances, by the moments of softmax heatmaps."""

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.blocks import Hourglass, UNet
from models.config import LiveConfig, PaperConfig
from models.geometry import Keypoints, coordinate_grid, moments, smallest_singular_value

# The paper's code adds this to every heatmap so that a one-pixel heatmap keeps a covariance.
HEATMAP_EPSILON = 1e-7
# The prior's points cover this share of the square, each with this standard deviation.
PRIOR_EXTENT = 0.8
PRIOR_WIDTH = 0.3


def softmax_heatmaps(logits: Tensor, temperature: float) -> Tensor:
    """Heatmaps [b, k, h, w] in float32 that each sum to one."""
    scaled = logits.float() / temperature
    # Not F.softmax over joined axes: runtimes leave channels innermost, and joining would turn the whole map around.
    powers = torch.exp(scaled - scaled.amax(dim=(2, 3), keepdim=True).detach())
    return powers / powers.sum(dim=(2, 3), keepdim=True)


class PaperKeypointDetector(nn.Module):
    """Hourglass heatmaps at the working scale; covariances clipped from below by their smaller singular value."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        self.hourglass = Hourglass(config.width, 3, config.detector_blocks, config.maximum_width)
        self.head = nn.Conv2d(self.hourglass.channels_out, config.keypoint_count, 3, padding=1)

    def forward(self, image: Tensor) -> Keypoints:
        """Keypoints of `image` [b, 3, s, s] in [0, 1]."""
        if self.config.working_scale != 1:
            image = F.interpolate(image, scale_factor=self.config.working_scale)
        logits = self.head(self.hourglass(image))
        with torch.autocast(image.device.type, enabled=False):
            heatmaps = softmax_heatmaps(logits, self.config.temperature) + HEATMAP_EPSILON
            mean, covariance = moments(heatmaps, corners=True)
            spread = smallest_singular_value(covariance)[..., None, None]
            return Keypoints(mean, covariance * spread.clamp_min(self.config.minimum_spread) / spread)


class LiveKeypointDetector(nn.Module):
    """U-Net heatmaps at 64x64 that see the picture at 128x128, whatever its size, through a space-to-depth stem.

    Logits at 32x32 say where a keypoint is, logits at 64x64 correct them: two lids are not a pixel apart at 32x32.
    """

    VIEW = 128

    def __init__(self, config: LiveConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = UNet(12, config.detector_widths, summed=config.summed_skips)
        fine, coarse, *_ = config.detector_widths
        self.head = nn.Conv2d(coarse, config.keypoint_count, 3, padding=1)
        self.correction = nn.Conv2d(fine, config.keypoint_count, 3, padding=1)
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(cast(Tensor, self.correction.bias))
        self.prior = nn.Parameter(spread_prior(config.keypoint_count, self.VIEW // 4) * config.temperature)

    def forward(self, image: Tensor) -> Keypoints:
        """Keypoints of `image` [b, 3, s, s] in [0, 1]; s is 64, 128, 256 or 512."""
        *_, coarse, fine = self.unet.pyramid(self.view(image))
        placed, corrected = self.head(coarse), self.correction(fine)
        with torch.autocast(image.device.type, enabled=False):
            logits = resize(placed.float() + self.prior, self.VIEW // 2) + corrected.float()
            heatmaps = softmax_heatmaps(logits, self.config.temperature)
            mean, covariance = moments(heatmaps, corners=False)
            floor = self.config.covariance_floor * torch.eye(2, device=image.device)
            return Keypoints(mean, covariance + floor)

    def view(self, image: Tensor) -> Tensor:
        """What the U-Net sees of `image`, [b, 12, 64, 64]: 128x128 pixels in squares of four."""
        return F.pixel_unshuffle(resize(image, self.VIEW) - 0.5, 2)


def spread_prior(count: int, size: int) -> Tensor:
    """Log-Gaussians [1, count, size, size] around points spread evenly over the square.

    Without it all heatmaps start flat, all keypoints start as one in the middle, and a tenth of the training passes
    before they part. The prior is learned like any other weight.
    """
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    points = torch.tensor(
        [((2 * (k % columns) + 1) / columns - 1, (2 * (k // columns) + 1) / rows - 1) for k in range(count)]
    )
    grid = coordinate_grid(size, size, False, points.device)
    squared = (grid - PRIOR_EXTENT * points[:, None, None]).square().sum(dim=-1)  # k size size
    return -squared[None] / (2 * PRIOR_WIDTH**2)


def resize(image: Tensor, size: int) -> Tensor:
    """`image` [b, c, s, s] at `size`: block averages when shrinking, bilinear when growing."""
    current = image.shape[-1]
    if current == size:
        return image
    if current > size:
        return F.avg_pool2d(image, current // size)
    return F.interpolate(image, size=(size, size), mode="bilinear", align_corners=False)
