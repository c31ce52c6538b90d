"""Self-reenactment: a clip's first frame driven by its later frames, which are also what must come out."""

from dataclasses import dataclass

import numpy as np

from training.clips import Pixels
from training.evaluate.face_signals import landmark_distance_px
from training.evaluate.faces import FaceTools
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


def reenact_clip(reenactor: Reenactor, clip: Pixels, tools: FaceTools | None) -> SelfReenactmentClip:
    """`clip` [t, s, s, 3]: its first frame animated by the others, in absolute motion."""
    source, target = clip[0], clip[1:]
    result = reenactor.reenact(source, target, relative=False)
    faces = _compare_faces(result, target, tools) if tools else None
    return SelfReenactmentClip(result, compare_pictures(result, target), faces)


def _compare_faces(result: Pixels, target: Pixels, tools: FaceTools) -> SelfFaceFigures | None:
    expected = tools.landmarks(target, consecutive=False)
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
