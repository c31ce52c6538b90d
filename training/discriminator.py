"""The paper's discriminator: picture and keypoint heatmaps in, a map of judgements and its features out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.geometry import Keypoints, gaussians


class Discriminator(nn.Module):
    """Four 4x4 convolutions with instance norm, leaky ReLU and pooling; needs pictures of 64x64 or more."""

    def __init__(
        self, keypoint_count: int, width: int = 32, maximum_width: int = 256, blocks: int = 4, divisor: float = 100.0
    ) -> None:
        super().__init__()
        widths = [3 + keypoint_count, *(min(maximum_width, width * 2 ** (i + 1)) for i in range(blocks))]
        self.divisor = divisor
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, kernel_size=4) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.norms = nn.ModuleList(
            nn.InstanceNorm2d(channels, affine=True) if level else nn.Identity()
            for level, channels in enumerate(widths[1:])
        )
        self.head = nn.Conv2d(widths[-1], 1, kernel_size=1)

    def forward(self, image: Tensor, keypoints: Keypoints) -> list[Tensor]:
        """The picture [b, 3, s, s], the features of every block, and last the judgements [b, 1, h, w]."""
        heatmaps = gaussians(keypoints, image.shape[2], image.shape[3], corners=True) / self.divisor
        maps, x = [image], torch.cat([image, heatmaps], dim=1)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.avg_pool2d(F.leaky_relu(norm(convolution(x)), 0.2), 2)
            maps.append(x)
        return [*maps, self.head(x)]
