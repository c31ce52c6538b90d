"""fp32 graphs to int8 by calibration on real frames, with ONNX Runtime's quantiser; OpenVINO runs the same file.

Convolutions and the activations behind them are quantised, per channel; a graph's first convolution, those that make
keypoints, masks and the picture, and everything that is not a convolution stay in float. Where that is not good enough,
the convolutions that bear it least, each tried alone, stay in float too; and of these the costliest are tried again.
"""

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from export.onnx_export import drop_unread_weights
from realtime.frames import Tensor

Feed = dict[str, Tensor]

# Names of weights whose convolution makes keypoints, masks, flow or the picture.
HEADS = ("head.weight", "correction.weight")
# Weights that only put pixels in another order: the convolution behind them is still the first.
REORDERING = ("squares.weight",)


@dataclass(frozen=True, slots=True)
class Quantized:
    """A quantised graph: the weights of the convolutions left in float, and of all."""

    float_convolutions: tuple[str, ...]
    convolutions: tuple[str, ...]


def quantize(source: Path, target: Path, feeds: list[Feed], error: Callable[[Path], float]) -> Quantized:
    """Write the graph in `source` to `target` in int8, with convolutions in float until its `error` is at most 1.

    Where nothing helps, every convolution stays in float, and `target` computes what `source` does.
    """
    model = onnx.shape_inference.infer_shapes(onnx.load(str(source)))
    nodes = list(model.graph.node)
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    always = _first_convolutions(nodes) | {node.name for node in convolutions if node.input[1].endswith(HEADS)}
    others = [node.name for node in convolutions if node.name not in always]
    weights = {node.name: node.input[1] for node in convolutions}

    def error_with(kept: set[str]) -> float:
        _quantize_but(source, target, feeds, kept)
        return error(target)

    kept = always
    if error_with(kept) > 1:
        alone = {name: error_with(always | set(others) - {name}) for name in others}
        for name in sorted(others, key=lambda name: -alone[name]):
            kept = kept | {name}
            if error_with(kept) <= 1:
                break
        costs = _multiplications(model)
        for name in sorted(kept - always, key=lambda name: (-costs[name], name)):
            if error_with(kept - {name}) <= 1:
                kept = kept - {name}
        error_with(kept)
    return Quantized(tuple(weights[node.name] for node in convolutions if node.name in kept), tuple(weights.values()))


def _quantize_but(source: Path, target: Path, feeds: list[Feed], kept: set[str]) -> None:
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the quantiser advises on the root logger to prepare what is prepared
    try:
        quantize_static(
            str(source),
            str(target),
            _Feeds(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu"],
            nodes_to_exclude=sorted(kept | _relus_behind(source, kept)),
            per_channel=True,
            # Unsigned activations with signed weights: what processors multiply fastest. Signed ones gave 20 dB less in
            # OpenVINO, and percentiles instead of extremes moved keypoints by more.
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
    finally:
        root.setLevel(level)
    model = onnx.load(str(target))
    _keep_float_before_shuffles(model)
    onnx.save(model, str(target))
    onnx.checker.check_model(str(target), full_check=True)


def _keep_float_before_shuffles(model: onnx.ModelProto) -> None:
    """Take out, in place, the rounding of what becomes pixels: OpenVINO is four times as fast at moving floats."""
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    for shuffle in [node for node in graph.node if node.op_type == "DepthToSpace"]:
        restored = makers.get(shuffle.input[0])
        if restored and restored.op_type == "DequantizeLinear":
            rounded = makers[restored.input[0]]
            shuffle.input[0] = rounded.input[0]
            for node in (restored, rounded):
                graph.node.remove(node)
    drop_unread_weights(graph)


class _Feeds(CalibrationDataReader):
    def __init__(self, feeds: list[Feed]) -> None:
        self._left: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._left, None)


def _first_convolutions(nodes: list[onnx.NodeProto]) -> set[str]:
    """Convolutions with no convolution before them: they see pictures and heatmaps, whose ranges differ by channel."""
    behind: set[str] = set()
    first = set()
    for node in nodes:
        follows = any(name in behind for name in node.input)
        if node.op_type == "Conv" and not follows:
            first.add(node.name)
        if follows or (node.op_type == "Conv" and not node.input[1].endswith(REORDERING)):
            behind |= set(node.output)
    return first


def _multiplications(model: onnx.ModelProto) -> dict[str, int]:
    """What each convolution multiplies, by its name; shapes must be inferred."""
    areas = {value.name: _area(value) for value in (*model.graph.value_info, *model.graph.output)}
    sizes = {weight.name: math.prod(weight.dims) for weight in model.graph.initializer}
    return {
        node.name: sizes[node.input[1]] * areas[node.output[0]] for node in model.graph.node if node.op_type == "Conv"
    }


def _area(value: onnx.ValueInfoProto) -> int:
    return math.prod(dimension.dim_value for dimension in value.type.tensor_type.shape.dim[2:])


def _relus_behind(source: Path, kept: set[str]) -> set[str]:
    """Activations of convolutions in float: they are rounded only where a quantised convolution reads them."""
    nodes = list(onnx.load(str(source)).graph.node)
    outputs = {name for node in nodes if node.name in kept for name in node.output}
    return {node.name for node in nodes if node.op_type == "Relu" and node.input[0] in outputs}
