"""Exponential moving average of the networks' weights: what is validated, previewed and shipped."""

import copy

import torch

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
        for mean, value in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)
