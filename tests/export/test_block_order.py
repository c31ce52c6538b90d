"""Channels in blocks: the same pixels from a shuffle that copies runs, and only where nobody else reads them."""

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


class Shuffled(nn.Module):
    """A convolution whose channels become pixels; read by another as well, or with a ReLU between."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.convolution = nn.Conv2d(3, 12, 1, bias=kind != "unbiased")

    def forward(self, image: Tensor) -> Tensor:
        channels = self.convolution(image)
        pixels = F.pixel_shuffle(channels.relu() if self.kind == "behind a ReLU" else channels, 2)
        return pixels + channels.mean() if self.kind == "read twice" else pixels


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("plain", b"DCR"), ("unbiased", b"DCR"), ("read twice", b"CRD"), ("behind a ReLU", b"CRD")],
)
def test_pixels_stay_where_they_were(kind: str, mode: bytes, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "shuffled.onnx"
    graph = Graph("shuffled", Shuffled(kind).eval(), {"image": torch.randn(1, 3, 4, 6)}, ("pixels",))
    export_graph(graph, path)
    shuffle = next(node for node in onnx.load(str(path)).graph.node if node.op_type == "DepthToSpace")
    assert {attribute.name: attribute.s for attribute in shuffle.attribute}["mode"] == mode
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {"image": graph.inputs["image"].numpy()})[0]
    np.testing.assert_allclose(found, graph.run()["pixels"].numpy(), atol=1e-6, rtol=0)
