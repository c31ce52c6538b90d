"""fp32 graphs to int8 by calibration on real frames, with ONNX Runtime's quantiser; OpenVINO runs the same file.

What convolutions read is rounded, and their weights, per channel; what they make only on its way to an activation,
where runtimes round as they multiply. Everything else stays in float. Where that is not good enough, the convolutions
that bear it least, each tried alone, stay in float too; and of these the costliest are tried again.
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
    weights = {node.name: node.input[1] for node in model.graph.node if node.op_type == "Conv"}

    def error_with(kept: set[str]) -> float:
        _quantize_but(source, target, feeds, kept)
        return error(target)

    kept: set[str] = set()
    if error_with(kept) > 1:
        alone = {name: error_with(set(weights) - {name}) for name in weights}
        for name in sorted(weights, key=lambda name: -alone[name]):
            kept = kept | {name}
            if error_with(kept) <= 1:
                break
        costs = _multiplications(model)
        for name in sorted(kept, key=lambda name: (-costs[name], name)):
            if error_with(kept - {name}) <= 1:
                kept = kept - {name}
        error_with(kept)
    return Quantized(tuple(weight for name, weight in weights.items() if name in kept), tuple(weights.values()))


def _quantize_but(source: Path, target: Path, feeds: list[Feed], kept: set[str]) -> None:
    graph = onnx.load(str(source)).graph
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
            nodes_to_exclude=sorted(kept | _relus_behind(graph, kept)),
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
    _keep_float(model.graph, _without_activation(graph))
    onnx.save(model, str(target))
    onnx.checker.check_model(str(target), full_check=True)


def _without_activation(graph: onnx.GraphProto) -> set[str]:
    """What convolutions make that no other reads, and that goes to no activation, nor to a sum before one.

    Rounding it costs much and saves nothing: keypoints and flow hang on the finest differences of their maps, and
    OpenVINO is four times as fast at moving floats where values become pixels.
    """
    made = {node.output[0] for node in graph.node if node.op_type == "Conv"}
    rounded = {node.input[0] for node in graph.node if node.op_type in ("Conv", "Relu")}
    activated = {node.input[0] for node in graph.node if node.op_type == "Relu"}
    sums = [node for node in graph.node if node.op_type == "Add" and node.output[0] in activated]
    summed = {name for node in sums for name in node.input}
    return made - rounded - summed


def _keep_float(graph: onnx.GraphProto, names: set[str]) -> None:
    """Take out, in place, the rounding of tensors `names`."""
    restoring = {node.input[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}
    for rounding in [node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] in names]:
        restored = restoring[rounding.output[0]]
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name == restored.output[0]:
                    node.input[place] = rounding.input[0]
        for node in (restored, rounding):
            graph.node.remove(node)
    drop_unread_weights(graph)


class _Feeds(CalibrationDataReader):
    def __init__(self, feeds: list[Feed]) -> None:
        self._left: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._left, None)


def _multiplications(model: onnx.ModelProto) -> dict[str, int]:
    """What each convolution multiplies, by its name; shapes must be inferred."""
    areas = {value.name: _area(value) for value in (*model.graph.value_info, *model.graph.output)}
    sizes = {weight.name: math.prod(weight.dims) for weight in model.graph.initializer}
    return {
        node.name: sizes[node.input[1]] * areas[node.output[0]] for node in model.graph.node if node.op_type == "Conv"
    }


def _area(value: onnx.ValueInfoProto) -> int:
    return math.prod(dimension.dim_value for dimension in value.type.tensor_type.shape.dim[2:])


def _relus_behind(graph: onnx.GraphProto, kept: set[str]) -> set[str]:
    """Activations of convolutions in float: they are rounded only where a quantised convolution reads them."""
    outputs = {name for node in graph.node if node.name in kept for name in node.output}
    return {node.name for node in graph.node if node.op_type == "Relu" and node.input[0] in outputs}
