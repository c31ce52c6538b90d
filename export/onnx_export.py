"""One graph to one ONNX file: opset 18, static shapes, named tensors, checked."""

import logging
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper

from export.block_order import shuffle_blocks
from export.graphs import Graph

# GridSample reached 4-D pictures in 16; at 20 and above older GPU runtimes fall back to the processor.
OPSET = 18
LARGE_BYTES = 65536
CHATTY = ("torch.onnx", "onnxscript", "onnx_ir")


def export_graph(graph: Graph[str], path: Path) -> None:
    """Write `graph` to `path` with its weights inside; onnx.checker's error if the file is not valid."""
    with warnings.catch_warnings(), _quiet_exporter(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's notes concern its own internals
        program = torch.onnx.export(
            graph.module.eval(),
            tuple(graph.inputs.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=list(graph.output_names),
            verbose=False,
        )
    assert program is not None
    program.save(str(path), external_data=False)
    model = onnx.load(str(path))
    store_repeats_once(model)
    drop_traces(model)
    shuffle_blocks(model)
    onnx.save(model, str(path))
    onnx.checker.check_model(str(path), full_check=True)


def store_repeats_once(model: onnx.ModelProto) -> None:
    """Replace large constants that repeat along an axis, such as coordinate grids, by one copy and an Expand.

    Every runtime folds it back when it opens the graph; the file is half a megabyte smaller in each precision.
    """
    graph = model.graph
    for tensor in [tensor for tensor in graph.initializer if len(tensor.raw_data) >= LARGE_BYTES]:
        values = numpy_helper.to_array(tensor)
        once = values
        for axis in range(values.ndim):
            first = once.take([0], axis=axis)
            once = first if np.array_equal(np.broadcast_to(first, once.shape), once) else once
        if once.size == values.size:
            continue
        name, shape = f"{tensor.name}.once", f"{tensor.name}.shape"
        graph.node.insert(0, helper.make_node("Expand", [name, shape], [tensor.name], f"expand_{tensor.name}"))
        graph.initializer.append(numpy_helper.from_array(once.copy(), name))
        graph.initializer.append(numpy_helper.from_array(np.array(values.shape, np.int64), shape))
        graph.initializer.remove(tensor)


def drop_traces(model: onnx.ModelProto) -> None:
    """Take out what the exporter notes of every node: the lines of code it comes from, with the folders they lie in.

    Nobody needs them to run it, they tell of the machine, and with them equal weights give unequal files.
    """
    graph = model.graph
    for noted in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        noted.ClearField("metadata_props")
        noted.ClearField("doc_string")


def drop_unread_weights(graph: onnx.GraphProto) -> None:
    """Remove, in place, the weights that no node reads."""
    read = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)


class _quiet_exporter:  # noqa: N801 (reads as a statement)
    """The exporter lists operators of packages that are not installed, and every constant it folds."""

    def __enter__(self) -> None:
        self.levels = {name: logging.getLogger(name).level for name in CHATTY}
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
