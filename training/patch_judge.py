"""A discriminator that learns within minutes: it sees detail where it shall judge, and nothing else.

Shown whole pictures, one learned nothing in as many steps (docs/decisions/075, 076, 079).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

WIDTH = 32
# Side of the means that are left out of what is judged, and of the squares over which its contrast is evened.
FORMS, FINE, CONTRAST = 13, 3, 21
FINE_GAIN = 8.0
CONTRAST_FLOOR = 2e-3


class PatchJudge(nn.Module):
    """Three convolutions with spectral norm (Miyato et al., ICLR 2018), then a judgement for every fourth pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            [
                spectral_norm(nn.Conv2d(3, WIDTH, 4, stride=2, padding=1)),
                spectral_norm(nn.Conv2d(WIDTH, 2 * WIDTH, 4, stride=2, padding=1)),
                spectral_norm(nn.Conv2d(2 * WIDTH, 4 * WIDTH, 4, padding=2)),
            ]
        )
        self.head = spectral_norm(nn.Conv2d(4 * WIDTH, 1, 3, padding=1))

    def forward(self, image: Tensor, where: Tensor) -> list[Tensor]:
        """Features of every convolution, and last the judgements, of [b, 3, h, w] and `where` [b, 1, h, w]."""
        maps, x = [], torch.cat([shown(image), where], dim=1)
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), 0.2)
            maps.append(x)
        return [*maps, self.head(x)]


def shown(image: Tensor) -> Tensor:
    """Forms and fine detail of `image` [b, 3, h, w], [b, 2, h, w]: in grey, without shading, and of even contrast.

    So colour and light of a picture cannot give away who made it, and nothing is gained by changing them.
    """
    grey = image.mean(dim=1, keepdim=True)
    forms = grey - _twice_averaged(grey, FORMS)
    contrast = (_twice_averaged(forms.square(), CONTRAST) + CONTRAST_FLOOR).sqrt()
    return torch.cat([forms / contrast, FINE_GAIN * (grey - _twice_averaged(grey, FINE))], dim=1)


def _twice_averaged(image: Tensor, side: int) -> Tensor:
    for _ in range(2):
        image = F.avg_pool2d(image, side, stride=1, padding=side // 2, count_include_pad=False)
    return image


def convincing(judgements: Tensor, where: Tensor) -> Tensor:
    """What painting costs by `judgements` [b, 1, h, w] of it: less, the more real it is held to be (hinge loss)."""
    return -_mean_within(judgements.float(), where)


def mistaken(real: Tensor, painted: Tensor, where: Tensor) -> Tensor:
    """What the judge pays for its judgements of what is real and of what is painted (hinge loss).

    `where` [b, 1, h, w] is that of what is painted; the real are the first of it, or all.
    """
    of_real = _mean_within(F.relu(1 - real.float()), where[: len(real)])
    return of_real + _mean_within(F.relu(1 + painted.float()), where)


def unlike_features(painted: list[Tensor], real: list[Tensor], where: Tensor) -> Tensor:
    """How far the judge's features of both are apart; those of what is real are fixed."""
    apart = [(a.float() - b.float().detach()).abs() for a, b in zip(painted, real, strict=True)]
    return torch.stack([(gap * _at(where, gap)).mean() for gap in apart]).sum()


def _mean_within(values: Tensor, where: Tensor) -> Tensor:
    share = _at(where, values)
    return (values * share).sum() / share.sum().clamp_min(1e-6)


def _at(where: Tensor, values: Tensor) -> Tensor:
    return F.interpolate(where, values.shape[2:], mode="area")
