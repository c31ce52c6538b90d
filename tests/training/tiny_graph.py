"""A TensorFlow Lite graph with one layer of each kind that training/face_mesh.py reads, ending in 468 points."""

import flatbuffers
import numpy as np
import tflite as t
from numpy.typing import NDArray

# The picture, and what each layer makes; then what is kept in the file.
PICTURE, WIDE, THIN, SUM, BENT, PADDED, POOLED, POINTS, SCORE = range(9)


def weights() -> dict[str, NDArray[np.float32]]:
    """As TensorFlow lays them out: outputs, height, width, inputs; depthwise 1, height, width, channels."""
    random = np.random.default_rng(0)
    shapes = {"wide": (3, 3, 3, 3), "thin": (1, 3, 3, 3), "slopes": (1, 1, 3), "points": (1404, 1, 1, 4)}
    return {name: random.normal(0, 0.3, shape).astype(np.float16).astype(np.float32) for name, shape in shapes.items()}


def tiny_graph() -> bytes:
    """Convolutions (stride 2, kept in float16; depthwise), sum, PReLU, a channel of zeros, pooling, points."""
    b = flatbuffers.Builder(1 << 20)
    kept = weights()
    half = kept["wide"].astype("<f2")
    zeros = [np.zeros(n, np.float32) for n in (3, 3, 1404)]
    pad = np.array([[0, 0], [0, 0], [0, 0], [0, 1]], np.int32)
    constants = [half, zeros[0], kept["thin"], zeros[1], kept["slopes"], pad, kept["points"], zeros[2]]
    buffers = [_buffer(b, b"")] + [_buffer(b, value.tobytes()) for value in constants]
    kinds = {"float16": t.TensorType.FLOAT16, "float32": t.TensorType.FLOAT32, "int32": t.TensorType.INT32}
    made = [(1, 4, 4, 3), *[(1, 2, 2, 3)] * 4, (1, 2, 2, 4), (1, 1, 1, 4), (1, 1, 1, 1404), (1, 1, 1, 4)]
    tensors = [_tensor(b, shape, t.TensorType.FLOAT32, 0) for shape in made]
    first = len(tensors)
    tensors += [_tensor(b, v.shape, kinds[v.dtype.name], i + 1) for i, v in enumerate(constants)]
    tensors.append(_tensor(b, half.shape, t.TensorType.FLOAT32, 0))  # `wide` in float32
    wide, wide_bias, thin, thin_bias, slopes, pads, points, points_bias = range(first, first + 8)
    widened = first + 8
    codes = [
        t.BuiltinOperator.DEQUANTIZE, t.BuiltinOperator.CONV_2D, t.BuiltinOperator.DEPTHWISE_CONV_2D,
        t.BuiltinOperator.ADD, t.BuiltinOperator.PRELU, t.BuiltinOperator.PAD, t.BuiltinOperator.MAX_POOL_2D,
    ]  # fmt: skip
    same, valid = t.Padding.SAME, t.Padding.VALID
    operators = [
        _operator(b, 0, [wide], widened),
        _operator(b, 1, [PICTURE, widened, wide_bias], WIDE, _convolution(b, 2, same), t.BuiltinOptions.Conv2DOptions),
        _operator(b, 2, [WIDE, thin, thin_bias], THIN, _depthwise(b, same), t.BuiltinOptions.DepthwiseConv2DOptions),
        _operator(b, 3, [WIDE, THIN], SUM),
        _operator(b, 4, [SUM, slopes], BENT),
        _operator(b, 5, [BENT, pads], PADDED),
        _operator(b, 6, [PADDED], POOLED),
        _operator(
            b, 1, [POOLED, points, points_bias], POINTS, _convolution(b, 1, valid), t.BuiltinOptions.Conv2DOptions
        ),
        _operator(b, 3, [POOLED, POOLED], SCORE),
    ]  # fmt: skip
    return _model(b, buffers, tensors, codes, operators)


def _buffer(b: flatbuffers.Builder, content: bytes) -> int:
    data = b.CreateByteVector(content) if content else None
    t.BufferStart(b)
    if data is not None:
        t.BufferAddData(b, data)
    return int(t.BufferEnd(b))


def _tensor(b: flatbuffers.Builder, shape: tuple[int, ...], kind: int, buffer: int) -> int:
    sizes = b.CreateNumpyVector(np.array(shape, np.int32))
    t.TensorStart(b)
    t.TensorAddShape(b, sizes)
    t.TensorAddType(b, kind)
    t.TensorAddBuffer(b, buffer)
    return int(t.TensorEnd(b))


def _convolution(b: flatbuffers.Builder, stride: int, padding: int) -> int:
    t.Conv2DOptionsStart(b)
    t.Conv2DOptionsAddPadding(b, padding)
    t.Conv2DOptionsAddStrideH(b, stride)
    t.Conv2DOptionsAddStrideW(b, stride)
    return int(t.Conv2DOptionsEnd(b))


def _depthwise(b: flatbuffers.Builder, padding: int) -> int:
    t.DepthwiseConv2DOptionsStart(b)
    t.DepthwiseConv2DOptionsAddPadding(b, padding)
    t.DepthwiseConv2DOptionsAddStrideH(b, 1)
    t.DepthwiseConv2DOptionsAddStrideW(b, 1)
    return int(t.DepthwiseConv2DOptionsEnd(b))


def _operator(
    b: flatbuffers.Builder, code: int, inputs: list[int], output: int, options: int | None = None, kind: int = 0
) -> int:
    read, made = (b.CreateNumpyVector(np.array(numbers, np.int32)) for numbers in (inputs, [output]))
    t.OperatorStart(b)
    t.OperatorAddOpcodeIndex(b, code)
    t.OperatorAddInputs(b, read)
    t.OperatorAddOutputs(b, made)
    if options is not None:
        t.OperatorAddBuiltinOptionsType(b, kind)
        t.OperatorAddBuiltinOptions(b, options)
    return int(t.OperatorEnd(b))


def _model(
    b: flatbuffers.Builder, buffers: list[int], tensors: list[int], codes: list[int], operators: list[int]
) -> bytes:
    named = []
    for code in codes:
        t.OperatorCodeStart(b)
        t.OperatorCodeAddDeprecatedBuiltinCode(b, code)
        named.append(int(t.OperatorCodeEnd(b)))
    ends = [b.CreateNumpyVector(np.array(numbers, np.int32)) for numbers in ([PICTURE], [POINTS, SCORE])]
    vectors = [_offsets(b, offsets) for offsets in (tensors, operators)]
    t.SubGraphStart(b)
    t.SubGraphAddTensors(b, vectors[0])
    t.SubGraphAddInputs(b, ends[0])
    t.SubGraphAddOutputs(b, ends[1])
    t.SubGraphAddOperators(b, vectors[1])
    graph = int(t.SubGraphEnd(b))
    graphs, kept, kinds = _offsets(b, [graph]), _offsets(b, buffers), _offsets(b, named)
    t.ModelStart(b)
    t.ModelAddOperatorCodes(b, kinds)
    t.ModelAddSubgraphs(b, graphs)
    t.ModelAddBuffers(b, kept)
    b.Finish(t.ModelEnd(b))
    return bytes(b.Output())


def _offsets(b: flatbuffers.Builder, offsets: list[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return int(b.EndVector())
