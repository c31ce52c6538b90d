"""What torch compiles a graph with must be something that the graph can be run on."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from realtime.bundle import open_bundle
from realtime.engines.torch_engine import example_input
from realtime.engines.torch_graph import read_graph
from realtime.manifest import GRAPH_NAMES, GraphName
from realtime.settings import DEFAULT_BUNDLE


@pytest.mark.parametrize("graph", GRAPH_NAMES)
def test_the_shipped_graphs_make_numbers_of_the_examples(graph: GraphName) -> None:
    bundle = open_bundle(DEFAULT_BUNDLE)
    module = read_graph(str(bundle.graph_path(graph, "fp32")))
    examples = [example_input(entry.name, entry.shape) for entry in bundle.graph(graph).inputs]
    with torch.inference_mode():
        outputs = module(*examples)
    assert [tuple(output.shape) for output in outputs] == module.output_shapes
    assert all(output.isfinite().all() for output in outputs)


@pytest.mark.parametrize("graph", GRAPH_NAMES)
def test_the_shipped_graphs_compile_in_one_piece(graph: GraphName) -> None:
    """In several, a GPU is waited for between them and every small function is compiled by itself."""
    bundle = open_bundle(DEFAULT_BUNDLE)
    module = read_graph(str(bundle.graph_path(graph, "fp32")))
    examples = [example_input(entry.name, entry.shape) for entry in bundle.graph(graph).inputs]
    torch.compiler.reset()
    with torch.inference_mode():
        expected, found = module(*examples), torch.compile(module, backend="eager", fullgraph=True)(*examples)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_channels_in_blocks_become_the_pixels_that_onnx_says(tmp_path: Path) -> None:
    """ONNX Runtime is the judge; a shuffle of the other kind would pass for one."""
    nodes = [
        helper.make_node("DepthToSpace", ["x"], ["blocks"], "blocks", blocksize=2, mode="DCR"),
        helper.make_node("DepthToSpace", ["x"], ["squares"], "squares", blocksize=2, mode="CRD"),
        helper.make_node("ReduceMax", ["x", "axes"], ["most"], "most", keepdims=1),
    ]
    shapes = {"blocks": [1, 3, 4, 6], "squares": [1, 3, 4, 6], "most": [1, 12, 1, 1]}
    graph = helper.make_graph(
        nodes,
        "shuffles",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 12, 2, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [numpy_helper.from_array(np.array([2, 3], np.int64), "axes")],
    )
    path = tmp_path / "shuffles.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    x = np.random.default_rng(0).normal(size=(1, 12, 2, 3)).astype(np.float32)
    expected = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})
    found = read_graph(str(path))(torch.from_numpy(x))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.numpy(), other)
