"""fp32 graphs to fp16: convolutions and what lies between them. All else, and every graph's border, stays float32.

Keypoints, flow and GridSample's positions need more than float16's ten bits: half a pixel is lost there at once.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CONVOLUTIONS = {"Conv", "ConvTranspose"}
# What may stay in float16 between two convolutions.
BETWEEN = {"Relu", "Add", "Concat", "Resize", "AveragePool", "MaxPool", "DepthToSpace", "BatchNormalization"}
# Inputs of these operators that are settings, not values: float32 whatever the operator computes in.
SETTINGS = {"Resize": (1, 2)}
HALF, WHOLE = ".fp16", ".fp32"


def convert_to_fp16(source: Path, target: Path) -> None:
    """Write the graph in `source` with half the weight to `target`."""
    model = onnx.load(str(source))
    _replace_nodes(model, _Rewriting(model.graph).rewritten())
    onnx.save(onnx.shape_inference.infer_shapes(model, strict_mode=True), str(target))
    onnx.checker.check_model(str(target), full_check=True)


class _Rewriting:
    """One graph's nodes with casts between the two kinds; rounded weights are added to the graph as they are needed."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._half = _half_nodes(graph.node)
        self._made_half = {name for node in graph.node if node.name in self._half for name in node.output}
        self._weights = {t.name: t for t in graph.initializer if t.data_type == TensorProto.FLOAT}
        self._outputs = {value.name for value in graph.output}
        self._nodes: list[onnx.NodeProto] = []
        self._provided: set[str] = set()

    def rewritten(self) -> list[onnx.NodeProto]:
        """All nodes, in an order that computes."""
        for node in list(self._graph.node):
            if node.name in self._half:
                self._append_half(node)
            else:
                for place, name in enumerate(node.input):
                    if name in self._made_half and name not in self._outputs:
                        node.input[place] = self._provide(name, WHOLE, TensorProto.FLOAT)
                self._nodes.append(node)
        return self._nodes

    def _append_half(self, node: onnx.NodeProto) -> None:
        for place, name in enumerate(node.input):
            if not name or place in SETTINGS.get(node.op_type, ()):
                continue
            if name not in self._made_half:
                node.input[place] = self._provide(name, HALF, TensorProto.FLOAT16)
            elif name in self._outputs:
                node.input[place] = name + HALF
        self._nodes.append(node)
        for place, name in enumerate(node.output):
            # A graph's output keeps its name for the host, in float32.
            if name in self._outputs:
                node.output[place] = name + HALF
                self._nodes.append(_cast(name + HALF, name, TensorProto.FLOAT))

    def _provide(self, name: str, suffix: str, kind: int) -> str:
        """The value under a name of its own in the other kind: a rounded weight, or a Cast."""
        if name + suffix not in self._provided:
            self._provided.add(name + suffix)
            if name in self._weights:
                with np.errstate(over="ignore"):  # what overflows is infinite, and the gate refuses it
                    rounded = numpy_helper.to_array(self._weights[name]).astype(np.float16)
                self._graph.initializer.append(numpy_helper.from_array(rounded, name + suffix))
            else:
                self._nodes.append(_cast(name, name + suffix, kind))
        return name + suffix


def _cast(name: str, target: str, kind: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [name], [target], f"cast_{target}", to=kind)


def _replace_nodes(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    """Put `nodes` into the model, and drop the weights that none of them reads and all inferred types."""
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(kept)
    read = {name for node in kept for name in node.input}
    used = [tensor for tensor in model.graph.initializer if tensor.name in read]
    used = [TensorProto.FromString(tensor.SerializeToString()) for tensor in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(used)


def _half_nodes(nodes: Iterable[onnx.NodeProto]) -> set[str]:
    """Convolutions, and nodes of BETWEEN that take from one such node and give to another."""
    nodes = list(nodes)
    maker = {name: node.name for node in nodes for name in node.output}
    takers: dict[str, set[str]] = {}
    for node in nodes:
        for name in node.input:
            takers.setdefault(name, set()).add(node.name)
    half = {node.name for node in nodes if node.op_type in CONVOLUTIONS | BETWEEN}
    while True:
        lost = {
            node.name
            for node in nodes
            if node.name in half
            and node.op_type not in CONVOLUTIONS
            and not (
                any(maker.get(name) in half for name in node.input)
                and any(taker in half for name in node.output for taker in takers.get(name, ()))
            )
        }
        if not lost:
            return half
        half -= lost
