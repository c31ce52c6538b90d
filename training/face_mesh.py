"""Where a face's features are in a result, to a network that learns nothing here: MediaPipe's face mesh.

Its weights come in the package `mediapipe` (Apache 2.0; Kartynnik et al., arXiv 1907.06724), as a graph of six kinds of
layers that is read into torch; nothing in it is executed. It is the mesh without attention: the ruler
(training/evaluate) looks with the one that has it.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from models.geometry import inverse_2x2
from training.face_alignment import aligned_faces, alignment, known_faces, known_or_in_place, mean_of_known
from training.strangers import Openings, carried_over

SHA256 = "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814"
SIZE = 192
POINTS = 468
# Where the network expects the landmarks of training/face_alignment.py, as shares of the side: medians over the crops
# that MediaPipe cuts of 1,487 training frames.
PLACES = ((0.674, 0.382), (0.566, 0.3895), (0.326, 0.382), (0.434, 0.3895), (0.5, 0.564))
# Opposite points of the lips and of the lids, and the mouth's corners: what lies between them is speech and blinks.
SPANS = (
    (13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (61, 291),
    (159, 145), (158, 153), (160, 144), (386, 374), (385, 380), (387, 373),
)  # fmt: skip
SPAN_WEIGHT = 3.0
LIPS = SPANS[:5]
OPENINGS = tuple(span for span in SPANS if span != (61, 291))


class FaceMeshError(Exception):
    """A network that is missing or is not the expected one; the message says what to do."""


class FaceMesh(nn.Module):
    """468 points of a face in its crop. Its weights are fixed."""

    def __init__(self, graph: bytes) -> None:
        super().__init__()
        steps = list(read_graph(graph))
        self.layers = nn.ModuleList(layer for layer, _, _ in steps)
        self.wiring = [(inputs, output) for _, inputs, output in steps]
        self.requires_grad_(False).eval()

    def forward(self, crops: Tensor) -> Tensor:
        """Points [b, 468, 2] in [-1, 1] of crops [b, 3, 192, 192] in [0, 1]."""
        (first, *_), _ = self.wiring[0]
        tensors = {first: crops}
        for layer, (inputs, output) in zip(self.layers, self.wiring, strict=True):
            tensors[output] = layer(*(tensors[index] for index in inputs))
        return tensors[output].view(-1, POINTS, 3)[..., :2] * (2 / SIZE) - 1


@dataclass(frozen=True, slots=True)
class View:
    """Pictures [b, 3, s, s] of faces at landmarks [b, 5, 2] in [-1, 1]."""

    image: Tensor
    landmarks: Tensor


class MeshDistance(nn.Module):
    """How far a result's features are from those that are wanted, in halves of the crop's side: points, and spans."""

    spans: Tensor
    openings: Tensor
    lips: Tensor

    def __init__(self, mesh: FaceMesh) -> None:
        super().__init__()
        self.mesh = mesh
        self.register_buffer("spans", torch.tensor(SPANS), persistent=False)
        self.register_buffer("openings", torch.tensor(OPENINGS), persistent=False)
        self.register_buffer("lips", torch.tensor(LIPS), persistent=False)

    def forward(self, result: Tensor, target: Tensor, landmarks: Tensor) -> Tensor:
        """Between pictures [b, 3, s, s] of faces at `landmarks` [b, 5, 2] in [-1, 1]; unknown faces are skipped.

        Gradients reach `result` alone.
        """
        with torch.autocast(result.device.type, enabled=False):
            maps = alignment(known_or_in_place(landmarks, PLACES), PLACES)
            with torch.no_grad():
                wanted = self.mesh(aligned_faces(target, maps, SIZE))
            distances = self._distances(self.mesh(aligned_faces(result, maps, SIZE)), wanted)
            return mean_of_known(distances, known_faces(landmarks))

    def of_strangers(self, result: Tensor, landmarks: Tensor, portrait: View, neutral: View, driving: View) -> Tensor:
        """The same between `result`, a face at `landmarks`, and the portrait's features moved as the driver's did."""
        with torch.autocast(result.device.type, enabled=False):
            with torch.no_grad():
                views = (driving, portrait, neutral)
                images = torch.cat([view.image for view in views])
                places = torch.cat([view.landmarks for view in views])
                there, here, before = self._in_picture(View(images, places)).chunk(len(views))
                wanted = carried_over(there, here, before, Openings(self.openings, self.lips))
            maps = alignment(known_or_in_place(landmarks, PLACES), PLACES)
            found = self.mesh(aligned_faces(result, maps, SIZE))
            known = known_faces(torch.cat([landmarks, *(view.landmarks for view in views)], dim=1))
            return mean_of_known(self._distances(found, _from_picture(wanted, maps)), known)

    def _in_picture(self, view: View) -> Tensor:
        """Points [b, 468, 2] in [-1, 1] of the picture."""
        maps = alignment(known_or_in_place(view.landmarks, PLACES), PLACES)
        return self.mesh(aligned_faces(view.image, maps, SIZE)) @ maps[:, :, :2].mT + maps[:, None, :, 2]

    def _distances(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Of each face, [b]."""
        between, expected = (points[:, self.spans[:, 0]] - points[:, self.spans[:, 1]] for points in (found, wanted))
        return (found - wanted).abs().mean(dim=(1, 2)) + SPAN_WEIGHT * (between - expected).abs().mean(dim=(1, 2))


def _from_picture(points: Tensor, maps: Tensor) -> Tensor:
    """Points of the picture as points of the crop that `maps` take out of it."""
    return (points - maps[:, None, :, 2]) @ inverse_2x2(maps[:, :, :2]).mT


def open_mesh_distance() -> MeshDistance:
    """The distance by the package's network; FaceMeshError if it is missing or another one."""
    # The package is not imported: it wants an older NumPy and an OpenCV of its own.
    spec = find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        raise FaceMeshError("a mesh loss needs pip install --no-deps mediapipe==0.10.21 tflite; or set mesh = 0")
    path = Path(spec.submodule_search_locations[0]) / "modules" / "face_landmark" / "face_landmark.tflite"
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise FaceMeshError(f"{path}: SHA-256 is {found}, expected {SHA256}; pip install --no-deps mediapipe==0.10.21")
    return MeshDistance(FaceMesh(content))


def read_graph(content: bytes) -> Iterator[tuple[nn.Module, tuple[int, ...], int]]:
    """Layers in order up to the points, each with the numbers of the tensors it reads and of the one it makes."""
    import tflite

    model = tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    values = _Constants(model, graph)
    names = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
    (points, _score) = graph.OutputsAsNumpy()
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        name = names[model.OperatorCodes(operator.OpcodeIndex()).DeprecatedBuiltinCode()]
        inputs, (output,) = operator.InputsAsNumpy().tolist(), operator.OutputsAsNumpy().tolist()
        if name == "DEQUANTIZE":
            values.same[output] = inputs[0]
            continue
        make = LAYERS.get(name)
        if make is None:
            raise FaceMeshError(f"the graph has a layer {name}; expected one of {', '.join(LAYERS)}")
        constants = [values[number] for number in inputs if values.holds(number)]
        yield make(operator, constants), tuple(number for number in inputs if not values.holds(number)), output
        if output == points:
            return


class _Constants:
    """The numbers in a graph's file; `same` leads from a tensor in float32 to where it is kept in float16."""

    def __init__(self, model: Any, graph: Any) -> None:
        self.model, self.graph = model, graph
        self.same: dict[int, int] = {}

    def holds(self, number: int) -> bool:
        kept = self.graph.Tensors(self.same.get(number, number))
        return bool(self.model.Buffers(kept.Buffer()).DataLength())

    def __getitem__(self, number: int) -> NDArray[Any]:
        import tflite

        kept = self.graph.Tensors(self.same.get(number, number))
        kinds = {tflite.TensorType.FLOAT32: "<f4", tflite.TensorType.FLOAT16: "<f2", tflite.TensorType.INT32: "<i4"}
        data = self.model.Buffers(kept.Buffer()).DataAsNumpy()
        return np.frombuffer(data.tobytes(), kinds[kept.Type()]).reshape(kept.ShapeAsNumpy())


class _Convolution(nn.Module):
    """Padded as TensorFlow does: with a stride of two the odd pixel is added at the far side."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, stride: int, padded: bool, groups: int) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.stride, self.groups = stride, groups
        total = weight.shape[-1] - stride if padded and weight.shape[-1] > stride else 0
        self.padding = (total // 2, total - total // 2) * 2

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, self.padding), self.weight, self.bias, self.stride, groups=self.groups)


class _Channels(nn.Module):
    """Adds channels of zeros."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, (0, 0, 0, 0, 0, self.count))


class _Slopes(nn.Module):
    """PReLU."""

    slopes: Tensor

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        self.register_buffer("slopes", slopes)

    def forward(self, x: Tensor) -> Tensor:
        return F.prelu(x, self.slopes)


class _Sum(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


def _convolution(operator: Any, constants: list[NDArray[Any]]) -> nn.Module:
    import tflite

    weight, bias = map(_tensor, constants)
    options = _options(operator, tflite.Conv2DOptions())
    padded = options.Padding() == tflite.Padding.SAME
    return _Convolution(weight.permute(0, 3, 1, 2).contiguous(), bias, options.StrideH(), padded, groups=1)


def _depthwise(operator: Any, constants: list[NDArray[Any]]) -> nn.Module:
    import tflite

    weight, bias = map(_tensor, constants)
    options = _options(operator, tflite.DepthwiseConv2DOptions())
    padded = options.Padding() == tflite.Padding.SAME
    return _Convolution(weight.permute(3, 0, 1, 2).contiguous(), bias, options.StrideH(), padded, groups=len(bias))


LAYERS: dict[str, Callable[[Any, list[NDArray[Any]]], nn.Module]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "PRELU": lambda _, constants: _Slopes(_tensor(constants[0]).flatten()),
    "ADD": lambda _operator, _constants: _Sum(),
    "MAX_POOL_2D": lambda _operator, _constants: nn.MaxPool2d(2),
    "PAD": lambda _, constants: _Channels(int(constants[0][-1, 1])),
}


def _options(operator: Any, options: Any) -> Any:
    table = operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
