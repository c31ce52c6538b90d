"""Exponential moving average of the networks' weights: what is validated, previewed and shipped."""

import copy

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

from models.portrait_net import PortraitNet


class MovingAverage:
    """Holds `network`, the average; young runs follow faster than `decay` so that the first weights are forgotten."""

    def __init__(self, network: PortraitNet, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: PortraitNet, step: int) -> None:
        """Move the average towards `network` after optimiser step `step`."""
        keep = min(self.decay, (1 + step) / (10 + step))
        pairs = list(zip(self.network.state_dict().values(), network.state_dict().values(), strict=True))
        means, values = zip(*((mean, value) for mean, value in pairs if mean.is_floating_point()), strict=True)
        get_ema_multi_avg_fn(keep)(means, values, None)
        for mean, value in pairs:
            if not mean.is_floating_point():
                mean.copy_(value)
