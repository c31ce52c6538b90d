"""Shared products: the same results from fewer, and graphs of another kind left alone."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.graphs import Graph
from export.onnx_export import export_graph
from export.upsampling import share_products


class Joined(nn.Module):
    """A small picture enlarged beside a large one, convolved; or what is nearly that."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.convolution = nn.Conv2d(5, 4, 3, padding=1, stride=2 if kind == "strided" else 1)

    def forward(self, small: Tensor, large: Tensor) -> Tensor:
        factor, mode = (2.0, "bilinear") if self.kind == "smooth" else (2.0, "nearest")
        enlarged = F.interpolate(small, scale_factor=factor, mode=mode)
        result: Tensor = self.convolution(torch.cat([enlarged, large], dim=1))
        return result + enlarged.mean() if self.kind == "read twice" else result


def exported(kind: str, path: Path) -> dict[str, Tensor]:
    inputs = {"small": torch.randn(1, 3, 4, 4), "large": torch.randn(1, 2, 8, 8)}
    graph = Graph("joined", Joined(kind).eval(), inputs, ("result",))
    export_graph(graph, path)
    return graph.run()


def operators(path: Path) -> list[str]:
    return sorted(node.op_type for node in onnx.load(str(path)).graph.node)


def run(path: Path, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    result: np.ndarray = session.run(None, inputs)[0]
    return result


def test_enlarged_half_is_convolved_before_it_is_enlarged(tmp_path: Path) -> None:
    path = tmp_path / "joined.onnx"
    exported("plain", path)
    generator = np.random.default_rng(1)
    inputs = {
        "small": generator.normal(size=(1, 3, 4, 4)).astype(np.float32),
        "large": generator.normal(size=(1, 2, 8, 8)).astype(np.float32),
    }
    expected = run(path, inputs)
    assert operators(path) == ["Concat", "Conv", "Resize"]
    share_products(path)
    assert operators(path) == ["Add", "Conv", "ConvTranspose"]
    np.testing.assert_allclose(run(path, inputs), expected, atol=2e-6, rtol=0)
    assert len(onnx.load(str(path)).graph.initializer) == 3  # two kernels and a bias: nothing that no node reads


@pytest.mark.parametrize("kind", ["smooth", "strided", "read twice"])
def test_what_is_not_quite_that_stays(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "joined.onnx"
    exported(kind, path)
    before = operators(path)
    share_products(path)
    assert operators(path) == before
