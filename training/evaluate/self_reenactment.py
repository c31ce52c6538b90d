"""Self-reenactment: a clip's first frame driven by its later frames, which are also what must come out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.clips import Pixels
from training.evaluate.face_signals import landmark_distance_px
from training.evaluate.faces import Embedding, FaceTools, Landmarks
from training.evaluate.picture_measures import PictureFigures, compare_pictures
from training.evaluate.reenactors import Reenactor

# Distances are stated for pictures of this size, whatever the model's.
STATED_SIZE = 256
# An embedding costs as much as two animated frames: every so-manieth frame is enough for a mean.
EMBEDDING_STRIDE = 5


@dataclass(frozen=True, slots=True)
class SelfFaceFigures:
    """Means over a clip's frames.

    landmark_distance_px: how far landmarks are from where they belong, at 256 pixels. identity_distance: between the
    embeddings of result and target. missing_faces: share of the targets with a face whose result has none.
    """

    landmark_distance_px: float
    identity_distance: float
    missing_faces: float


@dataclass(frozen=True, slots=True)
class SelfMeasures:
    """One clip's figures; `faces` is None where faces were not measured."""

    pictures: PictureFigures
    faces: SelfFaceFigures | None


@dataclass(frozen=True, slots=True)
class SelfReenactment:
    """One clip's result [t, s, s, 3] and its figures."""

    result: Pixels
    measures: SelfMeasures


class TargetFaces:
    """Where the faces of target [t, s, s, 3] are, and who: each is looked at once, however many results it judges."""

    def __init__(self, target: Pixels, tools: FaceTools) -> None:
        self.points: Landmarks = tools.landmarks(target, consecutive=False)
        self._target, self._tools = target, tools
        self._embeddings: dict[int, Embedding] = {}

    def embedding(self, index: int) -> Embedding:
        """Identity [128] of the face in frame `index`, which must have one."""
        if index not in self._embeddings:
            self._embeddings[index] = self._tools.embedding(self._target[index], self.points[index])
        return self._embeddings[index]


@dataclass(frozen=True, slots=True)
class SelfReenactmentTask:
    """What must come out: frames [t, s, s, 3], animated from `source` [s, s, 3], and their faces if measured."""

    source: Pixels
    target: Pixels
    faces: TargetFaces | None


def prepare_task(clip: Pixels, tools: FaceTools | None) -> SelfReenactmentTask:
    """The task that `clip` [t + 1, s, s, 3] sets: its first frame is the source."""
    target = clip[1:]
    return SelfReenactmentTask(clip[0], target, TargetFaces(target, tools) if tools else None)


def reenact_clip(reenactor: Reenactor, task: SelfReenactmentTask, tools: FaceTools | None) -> SelfReenactment:
    """The task done in absolute motion, and measured."""
    result = reenactor.reenact(task.source, task.target, relative=False)
    faces = None
    if tools is not None and task.faces is not None:
        faces = _compare_faces(result, task.faces, tools)
    return SelfReenactment(result, SelfMeasures(compare_pictures(result, task.target), faces))


def _compare_faces(result: Pixels, expected: TargetFaces, tools: FaceTools) -> SelfFaceFigures | None:
    found = tools.landmarks(result, consecutive=False)
    has_face = np.isfinite(expected.points[:, 0, 0])
    seen = has_face & np.isfinite(found[:, 0, 0])
    if not seen.any():
        return None
    embedded = np.flatnonzero(seen)[::EMBEDDING_STRIDE]
    identity = [
        np.linalg.norm(face - expected.embedding(index))
        for index, face in zip(embedded, _embeddings(result, found, embedded, tools), strict=True)
    ]
    distance = np.nanmean(landmark_distance_px(found, expected.points)) * STATED_SIZE / result.shape[1]
    return SelfFaceFigures(float(distance), float(np.mean(identity)), float(1 - seen.sum() / has_face.sum()))


def _embeddings(frames: Pixels, points: Landmarks, indices: NDArray[np.intp], tools: FaceTools) -> Iterator[Embedding]:
    """Identities of the faces in some frames; a picture that is the one before it again is not looked at again."""
    before: int | None = None
    face: Embedding | None = None
    for index in indices:
        if face is None or before is None or not np.array_equal(frames[index], frames[before]):
            face = tools.embedding(frames[index], points[index])
        yield face
        before = int(index)
