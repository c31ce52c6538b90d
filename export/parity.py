"""Proof that the exported graphs compute what torch computes, through the engine the live runtime uses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.graphs import Graph

FP32_TOLERANCE = 1e-4
TEST_SEED = 7


class ParityError(Exception):
    """A graph that does not compute what torch does; nothing is written."""


@dataclass(frozen=True, slots=True)
class GraphParity:
    """Largest absolute difference over all outputs of one graph."""

    name: str
    max_abs_error: float


def example_pictures(size: int) -> tuple[Tensor, Tensor]:
    """Two fixed smooth pictures [1, 3, size, size] in [0, 1], the second a moved and relit form of the first."""
    generator = torch.Generator().manual_seed(TEST_SEED)
    coarse = torch.rand(1, 3, 9, 9, generator=generator)
    fine = torch.rand(1, 3, size // 4, size // 4, generator=generator)
    picture = sum(
        weight * torch.nn.functional.interpolate(layer, size=(size, size), mode="bicubic")
        for weight, layer in ((0.8, coarse), (0.2, fine))
    )
    assert isinstance(picture, Tensor)
    source = picture.clamp(0, 1)
    driving = (0.9 * source.roll((size // 20, -size // 30), dims=(2, 3)) + 0.03).clamp(0, 1)
    return source, driving


def compare(graph: Graph, path: Path, tolerance: float) -> GraphParity:
    """Run `path` in ONNX Runtime on the graph's example inputs; ParityError above `tolerance`."""
    import onnxruntime

    expected = graph.run()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(list(graph.output_names), {name: value.numpy() for name, value in graph.inputs.items()})
    errors = [
        _largest_difference(expected[name].numpy(), np.asarray(value))
        for name, value in zip(graph.output_names, found, strict=True)
    ]
    worst = max(errors)
    if not worst <= tolerance:
        name = graph.output_names[int(np.argmax(errors))]
        raise ParityError(
            f"{graph.name}: output {name} differs from torch by {worst:.2e}, above {tolerance:.0e}; "
            "nothing was written. Check the checkpoint for NaN or huge weights, or try another onnxruntime version"
        )
    return GraphParity(graph.name, worst)


def _largest_difference(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    if expected.shape != found.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(expected - found).max())
