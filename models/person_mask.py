"""Where in a picture a person is: features of EfficientNet-Lite0 and a small decoder. Used once per portrait."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.blocks import convolution
from models.efficientnet import EfficientNetLite, normalised

SIZE = 256
WIDTHS = (24, 48, 64)  # from the finest level to the coarsest


class PersonMask(nn.Module):
    """Picture [b, 3, 256, 256] in [0, 1] to logits [b, 1, 256, 256]; above zero is a person."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite(blocks=11, levels=(0, 2, 4, 10))  # at 1/2, 1/4, 1/8 and 1/16
        fine, middle, coarse, bottom = self.encoder.channels_out
        self.up = nn.ModuleList(
            [
                convolution(bottom + coarse, WIDTHS[2]),
                convolution(WIDTHS[2] + middle, WIDTHS[1]),
                convolution(WIDTHS[1] + fine + 12, WIDTHS[0]),
            ]
        )
        self.head = nn.Conv2d(WIDTHS[0], 4, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        picture = normalised(image)
        *skips, x = self.encoder(picture)
        skips[0] = torch.cat([skips[0], F.pixel_unshuffle(picture, 2)], dim=1)
        for block, skip in zip(self.up, reversed(skips), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0), skip], dim=1))
        return F.pixel_shuffle(self.head(x), 2)
