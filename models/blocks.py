"""Convolution blocks: the paper's hourglass, and the leaner U-Net and residual block of the live family."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def convolution(
    channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution, batch norm, ReLU; keeps the size at stride 1."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class HourglassEncoder(nn.Module):
    """Convolution and 2x average pooling, `blocks` times; returns the input and every level."""

    def __init__(self, width: int, channels_in: int, blocks: int, maximum_width: int) -> None:
        super().__init__()
        self.widths = [channels_in, *(min(maximum_width, width * 2 ** (i + 1)) for i in range(blocks))]
        self.blocks = nn.ModuleList(convolution(a, b) for a, b in zip(self.widths, self.widths[1:], strict=False))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for block in self.blocks:
            levels.append(F.avg_pool2d(block(levels[-1]), 2))
        return levels


class HourglassDecoder(nn.Module):
    """Nearest 2x upsampling, convolution, concatenation of the level's skip; the inverse path of HourglassEncoder."""

    def __init__(self, width: int, channels_in: int, blocks: int, maximum_width: int, embedding: int = 0) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        for i in reversed(range(blocks)):
            skip = 1 if i == blocks - 1 else 2
            entering = skip * min(maximum_width, width * 2 ** (i + 1)) + embedding
            self.blocks.append(convolution(entering, min(maximum_width, width * 2**i)))
        self.channels_out = width + channels_in + embedding

    def forward(self, levels: list[Tensor]) -> Tensor:
        x = levels[-1]
        for block, skip in zip(self.blocks, reversed(levels[:-1]), strict=True):
            x = torch.cat([block(F.interpolate(x, scale_factor=2.0)), skip], dim=1)
        return x


class Hourglass(nn.Module):
    """The paper's encoder-decoder; the result has the input's size and `channels_out` channels."""

    def __init__(self, width: int, channels_in: int, blocks: int, maximum_width: int) -> None:
        super().__init__()
        self.encoder = HourglassEncoder(width, channels_in, blocks, maximum_width)
        self.decoder = HourglassDecoder(width, channels_in, blocks, maximum_width)
        self.channels_out = self.decoder.channels_out

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class PreActivationBlock(nn.Module):
    """The paper's refinement block: twice norm, ReLU, convolution, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return self.conv2(F.relu(self.norm2(y))) + x


class ResidualBlock(nn.Module):
    """Two convolutions with batch norm added to the input, then ReLU; every norm folds into its convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class SeparableBlock(nn.Module):
    """A residual block whose 3x3 convolutions see one channel each and whose 1x1 convolutions join them.

    At 64 channels an eighth of the work of a `ResidualBlock` (Chollet, "Xception", CVPR 2017).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*separable(channels), nn.ReLU(inplace=True))
        self.second = nn.Sequential(*separable(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


def separable(channels: int) -> tuple[nn.Module, ...]:
    """A 3x3 convolution of each channel, then a 1x1 convolution of all, both with batch norm."""
    return (
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
        nn.BatchNorm2d(channels),
        nn.Conv2d(channels, channels, 1),
        nn.BatchNorm2d(channels),
    )


class UNet(nn.Module):
    """Strided convolutions down, two convolutions at the bottom, upsampling and skips back up.

    `widths` run from fine to coarse; the result has `widths[0]` channels at the input's size. A second input of
    `coarse_in` channels, at half that size, joins the second level. Skips are appended, or added where `summed`.
    """

    def __init__(self, channels_in: int, widths: tuple[int, ...], coarse_in: int = 0, summed: bool = False) -> None:
        super().__init__()
        self.stem = convolution(channels_in, widths[0])
        self.join = nn.Conv2d(coarse_in, widths[1], 3, padding=1) if coarse_in else None
        self.down = nn.ModuleList(convolution(a, b, stride=2) for a, b in zip(widths, widths[1:], strict=False))
        self.bottom = ResidualBlock(widths[-1])
        rise = SummedRise if summed else Rise
        self.up = nn.ModuleList(rise(widths[i + 1], widths[i]) for i in reversed(range(len(widths) - 1)))
        self.channels_out = widths[0]

    def forward(self, x: Tensor, coarse: Tensor | None = None) -> Tensor:
        return self.pyramid(x, coarse)[-1]

    def pyramid(self, x: Tensor, coarse: Tensor | None = None) -> list[Tensor]:
        """Every level on the way up, from coarse to fine."""
        levels = [self.stem(x)]
        for depth, block in enumerate(self.down):
            level = block(levels[-1])
            levels.append(level + self.join(coarse) if self.join is not None and depth == 0 else level)
        rising = [self.bottom(levels[-1])]
        for rise, skip in zip(self.up, reversed(levels[:-1]), strict=True):
            rising.append(rise(rising[-1], skip))
        return rising


class Rise(nn.Sequential):
    """From the level below, at half the size, and the skip: both side by side in one convolution."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__(*convolution(coarse + fine, fine))

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:  # type: ignore[override]
        joined: Tensor = super().forward(torch.cat([F.interpolate(below, scale_factor=2.0), skip], dim=1))
        return joined


class SummedRise(nn.Module):
    """The same for two fifths of the work: brought to one width by 1x1 convolutions and added before the 3x3.

    The level below is brought to it at its own size, where that costs a quarter.
    """

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.below = nn.Conv2d(coarse, fine, 1)
        self.skip = nn.Conv2d(fine, fine, 1, bias=False)
        self.join = convolution(fine, fine)

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        joined: Tensor = self.join(F.interpolate(self.below(below), scale_factor=2.0) + self.skip(skip))
        return joined
