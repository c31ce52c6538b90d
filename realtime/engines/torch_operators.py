"""The ONNX operators that our graphs use, in torch: a node's attributes and output count in, a function out."""

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from realtime.errors import EngineError

Attributes = dict[str, Any]
Compute = Callable[..., Any]
Numbers = list[float] | Tensor  # a tensor where the graph computes them

_KINDS = {1: torch.float32, 10: torch.float16, 11: torch.float64, 6: torch.int32, 7: torch.int64}


def _plain(function: Compute) -> Callable[[Attributes, int], Compute]:
    """An operator without attributes."""
    return lambda _attributes, _outputs: function


def _expect(attributes: Attributes, name: str, allowed: tuple[Any, ...], default: Any) -> Any:
    value = attributes.get(name, default)
    value = value.decode() if isinstance(value, bytes) else value
    if value not in allowed:
        raise EngineError(
            f"the torch engines know {name} {', '.join(map(str, allowed))}; found {value}",
            hint="pass --engine onnx-cpu, which runs every graph",
        )
    return value


def _convolution(function: Compute) -> Callable[[Attributes, int], Compute]:
    def make(attributes: Attributes, _: int) -> Compute:
        top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
        if (top, left) != (bottom, right):
            _expect({"pads": "uneven"}, "pads", ("even",), "even")
        settings: Attributes = {
            "stride": attributes.get("strides", [1, 1]),
            "padding": [top, left],
            "dilation": attributes.get("dilations", [1, 1]),
            "groups": attributes.get("group", 1),
        }
        return lambda x, weight, bias=None: function(x, weight, bias, **settings)

    return make


def _average_pool(attributes: Attributes, _: int) -> Compute:
    _expect({"pads": sum(attributes.get("pads", [0]))}, "pads", (0,), 0)
    kernel, stride = attributes["kernel_shape"], attributes.get("strides", [1, 1])
    return lambda x: F.avg_pool2d(x, kernel, stride)


def _resize(attributes: Attributes, _: int) -> Compute:
    mode = _expect(attributes, "mode", ("nearest", "linear"), "nearest")
    allowed = ("asymmetric",) if mode == "nearest" else ("half_pixel", "pytorch_half_pixel")
    _expect(attributes, "coordinate_transformation_mode", allowed, "half_pixel")
    if mode == "nearest":
        _expect(attributes, "nearest_mode", ("floor",), "round_prefer_floor")

    def resize(x: Tensor, _roi: Any, scales: Numbers | None = None, sizes: list[int] | None = None) -> Tensor:
        if sizes is None:
            assert scales is not None
            sizes = [round(side * float(scale)) for side, scale in zip(x.shape, scales, strict=True)]
        if mode == "nearest":
            return F.interpolate(x, size=sizes[2:])
        return F.interpolate(x, size=sizes[2:], mode="bilinear", align_corners=False)

    return resize


def _grid_sample(attributes: Attributes, _: int) -> Compute:
    _expect(attributes, "mode", ("bilinear", "linear"), "linear")
    padding = _expect(attributes, "padding_mode", ("zeros", "border"), "zeros")
    corners = bool(attributes.get("align_corners", 0))
    return lambda x, grid: F.grid_sample(x, grid, padding_mode=padding, align_corners=corners)


def _depth_to_space(attributes: Attributes, _: int) -> Compute:
    factor = attributes["blocksize"]
    if _expect(attributes, "mode", ("CRD", "DCR"), "DCR") == "CRD":
        return lambda x: F.pixel_shuffle(x, factor)

    def shuffle_blocks(x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        blocks = x.reshape(b, factor, factor, -1, h, w)
        return blocks.permute(0, 3, 4, 1, 5, 2).reshape(b, -1, h * factor, w * factor)

    return shuffle_blocks


def _reduce(function: Compute) -> Callable[[Attributes, int], Compute]:
    def make(attributes: Attributes, _: int) -> Compute:
        keep = bool(attributes.get("keepdims", 1))
        own = attributes.get("axes")

        def reduce(x: Tensor, axes: list[int] | None = own) -> Tensor:
            return function(x, dim=axes if axes is not None else list(range(x.ndim)), keepdim=keep)

        return reduce

    return make


def _slice(x: Tensor, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Tensor:
    axes = range(len(starts)) if axes is None else axes
    for start, end, axis, step in zip(starts, ends, axes, steps or [1] * len(starts), strict=True):
        index: list[slice] = [slice(None)] * x.ndim
        index[axis] = slice(start, end, step)
        x = x[tuple(index)]
    return x


def _split(attributes: Attributes, outputs: int) -> Compute:
    axis = attributes.get("axis", 0)

    def split(x: Tensor, sizes: list[int] | None = None) -> tuple[Tensor, ...]:
        return torch.split_with_sizes(x, sizes, axis) if sizes else x.chunk(outputs, dim=axis)

    return split


def _pad(attributes: Attributes, _: int) -> Compute:
    _expect(attributes, "mode", ("constant",), "constant")

    def pad(x: Tensor, pads: list[int], value: float | Tensor | None = None) -> Tensor:
        half = len(pads) // 2
        pairs = [side for axis in reversed(range(half)) for side in (pads[axis], pads[half + axis])]
        return F.pad(x, pairs, value=0.0 if value is None else float(value))

    return pad


def _gather(attributes: Attributes, _: int) -> Compute:
    axis = attributes.get("axis", 0)

    def gather(x: Tensor, index: int | list[int] | Tensor) -> Tensor:
        if isinstance(index, Tensor):
            return x.index_select(axis, index)
        if isinstance(index, int):
            return x.select(axis, index)
        return torch.cat([x.narrow(axis, place % x.shape[axis], 1) for place in index], dim=axis)

    return gather


def _squeeze(x: Tensor, axes: list[int] | None = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(tuple(axes))


def _unsqueeze(x: Tensor, axes: list[int]) -> Tensor:
    total = x.ndim + len(axes)
    for axis in sorted(axis % total for axis in axes):
        x = x.unsqueeze(axis)
    return x


def _reshape(x: Tensor, shape: list[int]) -> Tensor:
    return x.reshape([x.shape[axis] if side == 0 else side for axis, side in enumerate(shape)])


OPERATORS: dict[str, Callable[[Attributes, int], Compute]] = {
    "Add": _plain(operator.add),
    "AveragePool": _average_pool,
    "BatchNormalization": lambda a, _: (
        lambda x, scale, shift, mean, variance: F.batch_norm(
            x, mean, variance, scale, shift, eps=a.get("epsilon", 1e-5)
        )
    ),
    "Cast": lambda a, _: lambda x: x.to(_KINDS[_expect(a, "to", tuple(_KINDS), 1)]),
    "Clip": _plain(lambda x, low=None, high=None: x.clamp(low, high)),
    "Concat": lambda a, _: lambda *tensors: torch.cat(tensors, dim=a["axis"]),
    "Conv": _convolution(F.conv2d),
    "ConvTranspose": _convolution(F.conv_transpose2d),
    "DepthToSpace": _depth_to_space,
    "Div": _plain(operator.truediv),
    "Exp": _plain(torch.exp),
    "Expand": _plain(lambda x, shape: x * torch.ones(shape, dtype=x.dtype, device=x.device)),
    "Floor": _plain(torch.floor),
    "Gather": _gather,
    "GridSample": _grid_sample,
    "Identity": _plain(torch.clone),
    "Log": _plain(torch.log),
    "MatMul": _plain(torch.matmul),
    "Max": _plain(torch.maximum),
    "Min": _plain(torch.minimum),
    "Mul": _plain(operator.mul),
    "Neg": _plain(operator.neg),
    "Pad": _pad,
    "Pow": _plain(torch.pow),
    "Reciprocal": _plain(torch.reciprocal),
    "ReduceMax": _reduce(torch.amax),
    "ReduceMean": _reduce(torch.mean),
    "ReduceSum": _reduce(torch.sum),
    "Relu": _plain(F.relu),
    "Reshape": _plain(_reshape),
    "Resize": _resize,
    "Sigmoid": _plain(torch.sigmoid),
    "Slice": _plain(_slice),
    "Softmax": lambda a, _: lambda x: x.softmax(dim=a.get("axis", -1)),
    "Split": _split,
    "Sqrt": _plain(torch.sqrt),
    "Squeeze": _plain(_squeeze),
    "Sub": _plain(operator.sub),
    "Tile": _plain(lambda x, repeats: x.repeat(repeats)),
    "Transpose": lambda a, _: lambda x: x.permute(a["perm"]),
    "Unsqueeze": _plain(_unsqueeze),
}
