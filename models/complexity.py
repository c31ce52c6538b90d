"""Multiply-adds of convolutions: the cost figure that peers publish."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from models.portrait_net import PortraitNet


def parameter_count(module: nn.Module) -> int:
    """Number of learned values."""
    return sum(parameter.numel() for parameter in module.parameters())


def stage_multiply_adds(network: PortraitNet) -> dict[str, int]:
    """Multiply-adds of detect_keypoints, encode_source, dense_motion and decode at the preset's own size."""
    size = network.config.image_size
    image = torch.zeros(1, 3, size, size)
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            keypoints = network.detect_keypoints(image)
            features = network.encode_source(image)
            flow = network.dense_motion(features["source_thumbnail"], keypoints, keypoints)
            return {
                "detect_keypoints": _count(network, lambda: network.detect_keypoints(image)),
                "encode_source": _count(network, lambda: network.encode_source(image)),
                "dense_motion": _count(
                    network, lambda: network.dense_motion(features["source_thumbnail"], keypoints, keypoints)
                ),
                "decode": _count(network, lambda: network.motion_transfer.decode(features, flow, keypoints, keypoints)),
            }
    finally:
        network.train(was_training)


def _count(network: nn.Module, run: Callable[[], Any]) -> int:
    with _counting(network) as counts:
        run()
    return sum(counts)


@contextmanager
def _counting(network: nn.Module) -> Iterator[list[int]]:
    counts: list[int] = []

    def add(layer: nn.Module, _: Any, output: Tensor) -> None:
        assert isinstance(layer, nn.Conv2d)
        taps = layer.kernel_size[0] * layer.kernel_size[1] * layer.in_channels // layer.groups
        counts.append(output[0].numel() * taps)

    hooks = [layer.register_forward_hook(add) for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    try:
        yield counts
    finally:
        for hook in hooks:
            hook.remove()
