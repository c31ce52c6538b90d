"""Multiply-adds read from a file, against what pencil and paper say."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.graph_cost import multiply_adds
from realtime.bundle import Bundle

IMAGE = (1, 4, 8, 8)


def _saved(path: Path, node: onnx.NodeProto, inputs: dict[str, tuple[int, ...]], weights: tuple[int, ...]) -> Path:
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.zeros(weights, np.float32), "weights")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


@pytest.mark.parametrize(
    ("node", "image", "weights", "expected"),
    [
        (helper.make_node("Conv", ["x", "weights"], ["out"], pads=[1, 1, 1, 1]), IMAGE, (6, 4, 3, 3), 6 * 64 * 36),
        (helper.make_node("Conv", ["x", "weights"], ["out"], group=4), IMAGE, (4, 1, 1, 1), 4 * 64),
        (helper.make_node("Conv", ["x", "weights"], ["out"], strides=[2, 2]), IMAGE, (6, 4, 2, 2), 6 * 16 * 16),
        (helper.make_node("ConvTranspose", ["x", "weights"], ["out"]), IMAGE, (4, 6, 4, 4), 4 * 64 * 96),
        (helper.make_node("MatMul", ["x", "weights"], ["out"]), (1, 5, 7), (7, 3), 5 * 3 * 7),
        (helper.make_node("Gemm", ["x", "weights"], ["out"], transB=1), (5, 7), (3, 7), 5 * 3 * 7),
    ],
)
def test_one_node(
    node: onnx.NodeProto, image: tuple[int, ...], weights: tuple[int, ...], expected: int, tmp_path: Path
) -> None:
    assert multiply_adds(_saved(tmp_path / "one.onnx", node, {"x": image}, weights)) == expected


def test_a_graph_without_products_costs_nothing(tiny_bundle: Bundle) -> None:
    assert multiply_adds(tiny_bundle.graph_path("encode_source")) == 0
