"""Self-reenactment: a clip's first frame driven by its later frames, which are also what must come out."""

from dataclasses import dataclass

import numpy as np

from training.clips import Pixels
from training.evaluate.face_signals import landmark_distance_px
from training.evaluate.faces import FaceTools, Landmarks
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
class SelfReenactmentClip:
    """One clip's result [t, s, s, 3] and its figures; `faces` is None where faces were not measured."""

    result: Pixels
    pictures: PictureFigures
    faces: SelfFaceFigures | None


@dataclass(frozen=True, slots=True)
class SelfReenactmentTask:
    """What must come out: frames [t, s, s, 3], animated from `source` [s, s, 3], and their landmarks if measured."""

    source: Pixels
    target: Pixels
    target_points: Landmarks | None


def prepare_task(clip: Pixels, tools: FaceTools | None) -> SelfReenactmentTask:
    """The task that `clip` [t + 1, s, s, 3] sets: its first frame is the source."""
    target = clip[1:]
    return SelfReenactmentTask(clip[0], target, tools.landmarks(target, consecutive=False) if tools else None)


def reenact_clip(reenactor: Reenactor, task: SelfReenactmentTask, tools: FaceTools | None) -> SelfReenactmentClip:
    """The task done in absolute motion, and measured."""
    result = reenactor.reenact(task.source, task.target, relative=False)
    faces = None
    if tools is not None and task.target_points is not None:
        faces = _compare_faces(result, task.target, task.target_points, tools)
    return SelfReenactmentClip(result, compare_pictures(result, task.target), faces)


def _compare_faces(result: Pixels, target: Pixels, expected: Landmarks, tools: FaceTools) -> SelfFaceFigures | None:
    found = tools.landmarks(result, consecutive=False)
    has_face = np.isfinite(expected[:, 0, 0])
    seen = has_face & np.isfinite(found[:, 0, 0])
    if not seen.any():
        return None
    embedded = np.flatnonzero(seen)[::EMBEDDING_STRIDE]
    identity = [
        np.linalg.norm(tools.embedding(result[i], found[i]) - tools.embedding(target[i], expected[i])) for i in embedded
    ]
    distance = np.nanmean(landmark_distance_px(found, expected)) * STATED_SIZE / target.shape[1]
    return SelfFaceFigures(float(distance), float(np.mean(identity)), float(1 - seen.sum() / has_face.sum()))
