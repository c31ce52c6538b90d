"""Which convolutions a quantised graph leaves in float: those that bear it least, and no more."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.quantize import quantize

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """Five convolutions of four channels one behind the other."""
    generator = np.random.default_rng(0)
    nodes, weights = [], []
    for index, name in enumerate(NAMES):
        weights.append(
            numpy_helper.from_array(generator.normal(0, 0.3, (4, 4, 3, 3)).astype(np.float32), f"{name}.weight")
        )
        nodes.append(
            helper.make_node("Conv", [f"x{index}", f"{name}.weight"], [f"x{index + 1}"], f"conv_{name}", pads=[1] * 4)
        )
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, 8, 8]) for name in ("x0", f"x{len(NAMES)}")]
    graph = helper.make_graph(nodes, "chain", value[:1], value[1:], weights)
    path = tmp_path / "chain.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    return path


def in_int8(path: Path) -> set[str]:
    """The convolutions whose weights are stored as integers."""
    return {
        tensor.name.split(".")[0]
        for tensor in onnx.load(str(path)).graph.initializer
        if tensor.data_type == TensorProto.INT8 and ".weight" in tensor.name and "zero_point" not in tensor.name
    }


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({}, {"b", "c", "d", "e"}),  # the first stays in float whatever it costs
        ({"c": 0.9, "b": 0.4}, {"b", "d", "e"}),  # too much together: the worse one goes
        ({"b": 2.0, "e": 3.0}, {"c", "d"}),
        ({"b": 2.0, "c": 2.0, "d": 2.0, "e": 2.0}, set()),
    ],
)
def test_convolutions_that_cost_most_stay_in_float(
    chain: Path, tmp_path: Path, costs: dict[str, float], expected: set[str]
) -> None:
    feeds = [{"x0": np.random.default_rng(seed).random((1, 4, 8, 8), np.float32)} for seed in range(2)]
    found = quantize(
        chain, tmp_path / "int8.onnx", feeds, lambda path: sum(costs.get(name, 0.01) for name in in_int8(path))
    )
    assert in_int8(tmp_path / "int8.onnx") == expected
    assert {name.split(".")[0] for name in found.float_convolutions} == set(NAMES) - expected
    assert len(found.convolutions) == len(NAMES)


def test_what_stayed_in_float_for_nothing_is_tried_again(chain: Path, tmp_path: Path) -> None:
    """Only `b` and `d` together are too much; `c`, the worst alone, went first and need not have gone."""
    costs = {"b": 0.5, "c": 0.6, "d": 0.4, "e": 0.1}

    def error(path: Path) -> float:
        rounded = in_int8(path)
        return 1.5 if {"b", "d"} <= rounded else max((costs[name] for name in rounded), default=0.0)

    feeds = [{"x0": np.random.default_rng(0).random((1, 4, 8, 8), np.float32)}]
    quantize(chain, tmp_path / "int8.onnx", feeds, error)
    assert in_int8(tmp_path / "int8.onnx") == {"c", "d", "e"}


def test_a_convolution_that_only_reorders_pixels_leaves_the_next_one_the_first(chain: Path, tmp_path: Path) -> None:
    model = onnx.load(str(chain))
    model.graph.initializer[0].name = model.graph.node[0].input[1] = "squares.weight"
    onnx.save(model, str(chain))
    feeds = [{"x0": np.random.default_rng(0).random((1, 4, 8, 8), np.float32)}]
    found = quantize(chain, tmp_path / "int8.onnx", feeds, lambda path: 0.0)
    assert in_int8(tmp_path / "int8.onnx") == {"c", "d", "e"}
    assert set(found.float_convolutions) == {"squares.weight", "b.weight"}


def test_what_becomes_pixels_is_not_rounded(chain: Path, tmp_path: Path) -> None:
    model = onnx.load(str(chain))
    last = model.graph.node[-1]
    model.graph.node.append(helper.make_node("DepthToSpace", [last.output[0]], ["pixels"], "shuffle", blocksize=2))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 1, 16, 16]))
    onnx.save(model, str(chain))
    feeds = [{"x0": np.random.default_rng(0).random((1, 4, 8, 8), np.float32)}]
    quantize(chain, tmp_path / "int8.onnx", feeds, lambda path: 0.0)
    graph = onnx.load(str(tmp_path / "int8.onnx")).graph
    makers = {name: node.op_type for node in graph.node for name in node.output}
    shuffle = next(node for node in graph.node if node.op_type == "DepthToSpace")
    assert makers[shuffle.input[0]] == "Conv" and in_int8(tmp_path / "int8.onnx") == {"b", "c", "d", "e"}
    read = {name for node in graph.node for name in node.input}
    assert {tensor.name for tensor in graph.initializer} <= read
