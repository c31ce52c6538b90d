"""Multiply-adds of an ONNX graph: the cost figure that peers publish, read from the file that ships."""

from pathlib import Path

import numpy as np
import onnx
from onnx import shape_inference

# Where each operator's weights stand among its inputs.
_WEIGHTS = {
    "Conv": 1,
    "ConvInteger": 1,
    "ConvTranspose": 1,
    "QLinearConv": 3,
    "Gemm": 1,
    "MatMul": 1,
    "MatMulInteger": 1,
    "QLinearMatMul": 3,
}

_Shapes = dict[str, tuple[int, ...]]


def multiply_adds(path: Path) -> int:
    """Multiply-adds of convolutions and matrix products in one run of the graph; all else is left out, as peers do."""
    model = shape_inference.infer_shapes(onnx.load(str(path)), data_prop=True)
    shapes = _shapes(model.graph)
    return sum(_cost(node, shapes) for node in model.graph.node if node.op_type in _WEIGHTS)


def _cost(node: onnx.NodeProto, shapes: _Shapes) -> int:
    weight, output = shapes[node.input[_WEIGHTS[node.op_type]]], shapes[node.output[0]]
    if node.op_type == "ConvTranspose":  # each value that goes in meets each weight of its channel
        return int(np.prod(shapes[node.input[0]])) * int(np.prod(weight[1:]))
    if node.op_type.endswith(("Conv", "ConvInteger")):
        taps = int(np.prod(weight[1:]))  # input channels of a group, kernel
    elif node.op_type == "Gemm":
        transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
        taps = weight[1] if transposed else weight[0]
    else:
        taps = weight[-2] if len(weight) > 1 else weight[0]
    return int(np.prod(output)) * taps


def _shapes(graph: onnx.GraphProto) -> _Shapes:
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shapes[value.name] = tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
    return shapes
