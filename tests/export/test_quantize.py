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
        ({}, {"a", "b", "c", "d", "e"}),
        ({"c": 0.9, "b": 0.4}, {"a", "b", "d", "e"}),  # too much together: the worse one goes
        ({"b": 2.0, "e": 3.0}, {"a", "c", "d"}),
        ({name: 2.0 for name in NAMES}, set()),
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
    costs = {"a": 0.1, "b": 0.5, "c": 0.6, "d": 0.4, "e": 0.1}

    def error(path: Path) -> float:
        rounded = in_int8(path)
        return 1.5 if {"b", "d"} <= rounded else max((costs[name] for name in rounded), default=0.0)

    feeds = [{"x0": np.random.default_rng(0).random((1, 4, 8, 8), np.float32)}]
    quantize(chain, tmp_path / "int8.onnx", feeds, error)
    assert in_int8(tmp_path / "int8.onnx") == {"a", "c", "d", "e"}


def add(path: Path, nodes: list[onnx.NodeProto], output: tuple[str, list[int]]) -> None:
    """Let the graph in a file go on with `nodes`, and end in `output`."""
    model = onnx.load(str(path))
    model.graph.node.extend(nodes)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1]))
    onnx.save(model, str(path))


def made_by(path: Path, name: str) -> str:
    """What kind of node in the quantised graph makes the first input of the node `name`."""
    graph = onnx.load(str(path)).graph
    read = next(node for node in graph.node if node.name == name).input[0]
    return next(node.op_type for node in graph.node if read in node.output)


def quantized(chain: Path) -> Path:
    """Everything in the chain in int8."""
    target = chain.with_name("int8.onnx")
    feeds = [{"x0": np.random.default_rng(0).random((1, 4, 8, 8), np.float32)}]
    quantize(chain, target, feeds, lambda path: 0.0)
    assert in_int8(target) == set(NAMES)
    return target


def test_what_becomes_pixels_is_not_rounded(chain: Path) -> None:
    add(
        chain,
        [helper.make_node("DepthToSpace", ["x5"], ["pixels"], "shuffle", blocksize=2)],
        ("pixels", [1, 1, 16, 16]),
    )
    target = quantized(chain)
    assert made_by(target, "shuffle") == "Conv"
    graph = onnx.load(str(target)).graph
    read = {name for node in graph.node for name in node.input}
    assert {tensor.name for tensor in graph.initializer} <= read


def test_a_map_that_goes_to_no_activation_is_not_rounded(chain: Path) -> None:
    add(chain, [helper.make_node("Sigmoid", ["x5"], ["mask"], "sigmoid")], ("mask", [1, 4, 8, 8]))
    assert made_by(quantized(chain), "sigmoid") == "Conv"


def test_what_is_added_before_an_activation_is_rounded_as_it_is_made(chain: Path) -> None:
    """Runtimes multiply whole numbers only where they write them, too."""
    sum_, relu = (
        helper.make_node("Add", ["x5", "x4"], ["sum"], "add"),
        helper.make_node("Relu", ["sum"], ["block"], "relu"),
    )
    add(chain, [sum_, relu], ("block", [1, 4, 8, 8]))
    assert made_by(quantized(chain), "add") == "DequantizeLinear"


def test_what_is_not_rounded_where_it_is_made_is_where_a_convolution_reads_it(chain: Path) -> None:
    """A sum of maps is rounded once, not each map before it."""
    model = onnx.load(str(chain))
    nodes = {node.name: node for node in model.graph.node}
    model.graph.node.insert(4, helper.make_node("Add", ["x4", "x3"], ["sum"], "add"))
    nodes["conv_e"].input[0] = "sum"
    onnx.save(model, str(chain))
    target = quantized(chain)
    assert made_by(target, "add") == "Conv"
    assert made_by(target, "conv_e") == "DequantizeLinear"
