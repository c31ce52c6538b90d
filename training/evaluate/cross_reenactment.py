"""Cross-reenactment: stills of other people driven by clips in relative motion, as in a call. There is no target."""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.clips import Pixels
from training.evaluate.face_signals import (
    MESH,
    SMALLEST_DEVIATION,
    Following,
    face_signals,
    following,
    jitter_energy,
)
from training.evaluate.faces import FaceTools, Landmarks
from training.evaluate.reenactors import Reenactor

# Consecutive frames of the driver, the first being the neutral pose: about three and a half seconds.
FRAMES = 100
EMBEDDING_STRIDE = 20
# The face's hull is widened by this share of the picture before the rest counts as background.
HULL_MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class CrossPair:
    """A still and the clip that drives it, by name."""

    still: str
    clip: str
    kind: str


@dataclass(frozen=True, slots=True)
class CrossMeasures:
    """One pair's figures.

    identity_distance: mean, between the still's embedding and the result's. following: by signal, those alone in which
    the driver moves. jitter: high-frequency landmark energy over the driver's. background: mean deviation over time
    outside the face, in [0, 1]. missing_faces: share of the frames. Figures are NaN where no face was seen.
    """

    pair: CrossPair
    identity_distance: float
    following: dict[str, Following]
    jitter: float
    background: float
    missing_faces: float


@dataclass(frozen=True, slots=True)
class CrossReenactment:
    """One pair's result [t, s, s, 3] and its figures."""

    result: Pixels
    measures: CrossMeasures


def read_cross_pairs(path: Path) -> list[CrossPair]:
    """The fixed pairs of a CSV with the columns still, clip, kind."""
    with path.open(newline="") as file:
        return [CrossPair(row["still"], row["clip"], row["kind"]) for row in csv.DictReader(file)]


def reenact_pair(
    reenactor: Reenactor, pair: CrossPair, still: Pixels, driver: Pixels, driver_points: Landmarks, tools: FaceTools
) -> CrossReenactment:
    """`still` [s, s, 3] animated by `driver` [t, s, s, 3], whose landmarks [t, 478, 3] are given."""
    result = reenactor.reenact(still, driver, relative=True)
    points = tools.landmarks(result, consecutive=True)
    seen = np.isfinite(points[:, 0, 0])
    driver_signals, signals = face_signals(driver_points), face_signals(points)
    found = {
        name: match
        for name, smallest in SMALLEST_DEVIATION.items()
        if (match := following(driver_signals[name], signals[name], smallest)) is not None
    }
    measures = CrossMeasures(
        pair,
        _identity_distance(still, result, points, tools),
        found,
        jitter_energy(points) / jitter_energy(driver_points),
        _background_deviation(result, points[seen]),
        float(1 - seen.mean()),
    )
    return CrossReenactment(result, measures)


def _identity_distance(still: Pixels, result: Pixels, points: Landmarks, tools: FaceTools) -> float:
    at_rest = tools.landmarks(still[None], consecutive=False)[0]
    embedded = np.flatnonzero(np.isfinite(points[:, 0, 0]))[::EMBEDDING_STRIDE]
    if not len(embedded) or not np.isfinite(at_rest[0, 0]):
        return float("nan")
    expected = tools.embedding(still, at_rest)
    return float(np.mean([np.linalg.norm(tools.embedding(result[i], points[i]) - expected) for i in embedded]))


def _background_deviation(result: Pixels, points: Landmarks) -> float:
    """Mean deviation over time of the pixels that no frame's face comes near, in [0, 1]."""
    size = result.shape[1]
    near = np.zeros((size, size), np.uint8)
    for face in np.ascontiguousarray(points[:, :MESH, :2]):
        cv2.fillConvexPoly(near, cv2.convexHull(face).astype(np.int32), 1)
    margin = 2 * round(HULL_MARGIN * size) + 1
    near = cv2.dilate(near, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin))).astype(np.uint8)
    if near.all():
        return float("nan")
    return float(result[:, near == 0].astype(np.float32).std(axis=0).mean() / 255)
