"""Convolutions of enlarged pictures: where every pixel is repeated in a square of four, products are shared.

A 3x3 convolution of [enlarge(a), b] is a transposed 4x4 convolution of a with stride 2, plus the 3x3 convolution of b:
four products for each value of a and result, where there were nine.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from export.onnx_export import drop_unread_weights


def share_products(path: Path) -> None:
    """Rewrite the graph in a file; onnx.checker's error if it is not valid afterwards."""
    model = onnx.load(str(path))
    convolve_before_enlarging(model)
    onnx.save(model, str(path))
    onnx.checker.check_model(str(path), full_check=True)


def convolve_before_enlarging(model: onnx.ModelProto) -> None:
    """Rewrite, in place, every float Conv of a Concat whose first part is a Resize of factor two by repetition.

    The results differ by rounding alone. What the Resize or the Concat gives to another node as well stays as it is.
    """
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {value.name: value.type.tensor_type.shape.dim for value in (*graph.input, *graph.value_info)}
    makers = {name: node for node in model.graph.node for name in node.output}
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    readers = [name for node in model.graph.node for name in node.input]
    for conv in [node for node in model.graph.node if node.op_type == "Conv"]:
        concat = makers.get(conv.input[0])
        if not (concat and concat.op_type == "Concat" and len(concat.input) == 2 and conv.input[1] in weights):
            continue
        resize = makers.get(concat.input[0])
        alone = readers.count(concat.output[0]) == readers.count(concat.input[0]) == 1
        if not (resize and alone and _repeats(resize, weights) and _is_plain(conv)):
            continue
        weight = numpy_helper.to_array(weights[conv.input[1]])
        small, beside = resize.input[0], concat.input[1]
        enlarged, rest = np.split(weight, [shapes[small][1].dim_value], axis=1)
        _replace(model.graph, (resize, concat, conv), (small, beside), (transposed_kernel(enlarged), rest))
    drop_unread_weights(model.graph)


def transposed_kernel(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The kernel [i, o, 4, 4] of a transposed convolution, stride 2 and padding 1, from `weight` [o, i, 3, 3]."""
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    kernel = np.zeros((*turned.shape[:2], 4, 4), np.float32)
    for down in (0, 1):
        for right in (0, 1):
            kernel[:, :, down : down + 3, right : right + 3] += turned
    return kernel


def _replace(
    graph: onnx.GraphProto,
    nodes: tuple[onnx.NodeProto, onnx.NodeProto, onnx.NodeProto],
    inputs: tuple[str, str],
    kernels: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    resize, concat, conv = nodes
    names = [f"{conv.input[1]}.{part}" for part in ("enlarged", "beside")]
    graph.initializer.extend(numpy_helper.from_array(k.copy(), name) for k, name in zip(kernels, names, strict=True))
    parts = [f"{conv.output[0]}.{part}" for part in ("enlarged", "beside")]
    first = helper.make_node(
        "ConvTranspose", [inputs[0], names[0]], parts[:1], f"{conv.name}_enlarged", strides=[2, 2], pads=[1, 1, 1, 1]
    )
    second = helper.make_node(
        "Conv", [inputs[1], names[1], *conv.input[2:]], parts[1:], f"{conv.name}_beside", pads=[1, 1, 1, 1]
    )
    both = helper.make_node("Add", parts, conv.output, conv.name)
    place = list(graph.node).index(conv)
    for node in (conv, concat, resize):
        graph.node.remove(node)
    for node in (both, second, first):
        graph.node.insert(place - 2, node)


def _repeats(node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]) -> bool:
    settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type != "Resize" or settings.get("mode", b"nearest") != b"nearest" or len(node.input) != 3:
        return False
    scales = weights.get(node.input[2])
    kinds = settings.get("coordinate_transformation_mode"), settings.get("nearest_mode")
    return (
        kinds == (b"asymmetric", b"floor")
        and scales is not None
        and np.array_equal(numpy_helper.to_array(scales), [1, 1, 2, 2])
    )


def _is_plain(conv: onnx.NodeProto) -> bool:
    """Whether it is 3x3 with a border of one, stride 1, and each output sees every channel."""
    settings = {a.name: helper.get_attribute_value(a) for a in conv.attribute}
    ones = settings.get("strides", [1, 1]) + settings.get("dilations", [1, 1]) + [settings.get("group", 1)]
    return set(ones) == {1} and settings.get("pads") == [1, 1, 1, 1]
