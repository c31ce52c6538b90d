"""The first blocks of EfficientNet-Lite0 (Tan and Le, ICML 2019), batch norms folded into their convolutions."""

import torch.nn.functional as F
from torch import Tensor, nn

STEM_CHANNELS = 32
CHANNEL_MEANS = (0.485, 0.456, 0.406)
CHANNEL_DEVIATIONS = (0.229, 0.224, 0.225)
# Kernel, stride, widening and channels of each block; the first eleven come down to a sixteenth of the picture's size.
BLOCKS = (
    *((3, 1, 1, 16), (3, 2, 6, 24), (3, 1, 6, 24), (5, 2, 6, 40), (5, 1, 6, 40), (3, 2, 6, 80), (3, 1, 6, 80)),
    *((3, 1, 6, 80), (5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112)),
)


class EfficientNetLite(nn.Module):
    """The stem and `blocks` blocks; gives the features after each of `levels`."""

    def __init__(self, blocks: int, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        self.stem = _filter(3, STEM_CHANNELS, 3, stride=2)
        widths = (STEM_CHANNELS, *(channels for *_, channels in BLOCKS))
        self.blocks = nn.ModuleList(InvertedResidual(widths[index], *BLOCKS[index]) for index in range(blocks))
        self.channels_out = tuple(widths[level + 1] for level in levels)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of a normalised picture [b, 3, s, s], in the order of `levels`."""
        x = F.relu6(self.stem(x))
        found = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.levels:
                found.append(x)
        return found


class InvertedResidual(nn.Module):
    """Widens by 1x1, filters per channel, projects; added to the input where sizes allow."""

    def __init__(self, channels_in: int, kernel: int, stride: int, widening: int, channels_out: int) -> None:
        super().__init__()
        wide = channels_in * widening
        self.widen = nn.Conv2d(channels_in, wide, 1) if widening > 1 else None
        self.filter = _filter(wide, wide, kernel, stride, groups=wide)
        self.project = nn.Conv2d(wide, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.widen is None else F.relu6(self.widen(x))
        y = self.project(F.relu6(self.filter(y)))
        return y + x if y.shape == x.shape else y


def normalised(image: Tensor) -> Tensor:
    """A picture [b, 3, s, s] in [0, 1] as the network saw its photographs."""
    mean, deviation = (image.new_tensor(values).view(1, 3, 1, 1) for values in (CHANNEL_MEANS, CHANNEL_DEVIATIONS))
    return (image - mean) / deviation


def _filter(channels_in: int, channels_out: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups)
