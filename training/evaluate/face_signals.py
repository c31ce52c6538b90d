"""What a face does over time, read from its landmarks, and how well one face's doings follow another's.

Numbers of landmarks are those of MediaPipe's face mesh.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluate.faces import Landmarks

Signal = NDArray[np.float32]

# Points that neither speech nor expression moves much: forehead, bridge of the nose, temples, corners of the eyes.
RIGID = (10, 67, 297, 109, 338, 151, 168, 6, 197, 195, 127, 356, 162, 389, 33, 133, 263, 362)
EYE_CENTRES = (468, 473)
LIDS = ((159, 145, 33, 133), (386, 374, 263, 362))  # upper, lower, outer corner, inner corner
IRISES = ((468, 33, 133), (473, 362, 263))  # between two corners, the picture's left one first
LIPS = (13, 14)
BROWS = ((105, 159), (334, 386))  # brow and the upper lid under it
MESH = 468  # points before the irises'

# A driver that moves less than this (degrees, or shares of the eyes' distance) gives nothing to follow but noise.
SMALLEST_DEVIATION = {"yaw": 1.5, "pitch": 1.5, "roll": 1.0, "mouth": 0.02, "eyes": 0.025, "brows": 0.01, "gaze": 0.02}
SHUT = 0.15  # of an eye's width: lids no further apart hide where the iris is


@dataclass(frozen=True, slots=True)
class Following:
    """Correlation over time of result with driver, and the share of the driver's amplitude that is carried over."""

    correlation: float
    gain: float


def face_signals(points: Landmarks) -> dict[str, Signal]:
    """Seven signals [t] of landmarks [t, 478, 3], NaN where there are none.

    yaw, pitch, roll: degrees since the first frame with a face. mouth, brows: in distances between the eyes. eyes:
    height over width of the opening. gaze: how far to the side the irises are of the middle between the corners, in
    widths of the eye; NaN in blinks.
    """
    eyes_apart = np.linalg.norm(points[:, EYE_CENTRES[0], :2] - points[:, EYE_CENTRES[1], :2], axis=-1)
    # The distance shrinks as the head turns: its median keeps a turn from looking like an opening mouth.
    unit = np.nanmedian(eyes_apart)
    opening = [_gap(points, up, low) / _gap(points, outer, inner) for up, low, outer, inner in LIDS]
    brows = [_gap(points, brow, lid) for brow, lid in BROWS]
    opened = np.mean(opening, axis=0)
    aside = np.mean([_aside(points, *eye) for eye in IRISES], axis=0)
    yaw, pitch, roll = _rotations(points).T
    return {
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "mouth": _gap(points, *LIPS) / unit,
        "eyes": opened,
        "brows": np.mean(brows, axis=0) / unit,
        "gaze": np.where(opened > SHUT, aside, np.float32(np.nan)),
    }


def following(driver: Signal, result: Signal, smallest_deviation: float) -> Following | None:
    """How `result` [t] follows `driver` [t]; None where the driver hardly moves or fewer than ten frames are known."""
    known = np.isfinite(driver) & np.isfinite(result)
    if known.sum() < 10 or np.std(driver[known]) < smallest_deviation:
        return None
    a, b = driver[known] - driver[known].mean(), result[known] - result[known].mean()
    covariance = float((a * b).mean())
    spread = float(np.std(a) * np.std(b))
    return Following(covariance / spread if spread > 1e-9 else 0.0, covariance / float(np.var(a)))


def jitter_energy(points: Landmarks) -> float:
    """Mean square of the landmarks' second difference over time, in squared eye distances; NaN if unseen."""
    flat = points[:, :MESH, :2]
    unit = np.nanmedian(np.linalg.norm(points[:, EYE_CENTRES[0], :2] - points[:, EYE_CENTRES[1], :2], axis=-1))
    jerk = flat[2:] - 2 * flat[1:-1] + flat[:-2]
    return float(np.nanmean(np.square(jerk / unit))) if np.isfinite(jerk).any() else float("nan")


def landmark_distance_px(found: Landmarks, expected: Landmarks) -> Signal:
    """Mean distance [t] of the mesh's points, NaN where one of both faces is missing."""
    distances = np.linalg.norm((found - expected)[:, :MESH, :2], axis=-1)
    return distances.mean(axis=1)


def _gap(points: Landmarks, a: int, b: int) -> Signal:
    return np.linalg.norm(points[:, a, :2] - points[:, b, :2], axis=-1)


def _aside(points: Landmarks, iris: int, left: int, right: int) -> Signal:
    """How far along the line from corner to corner the iris is from its middle, in lengths of that line."""
    ends = points[:, left, :2], points[:, right, :2]
    line = ends[1] - ends[0]
    way = points[:, iris, :2] - (ends[0] + ends[1]) / 2
    return np.asarray((way * line).sum(axis=1) / np.square(line).sum(axis=1))


def _rotations(points: Landmarks) -> NDArray[np.float32]:
    """Yaw, pitch and roll [t, 3] in degrees that best turn the first known face's rigid points into each frame's."""
    rigid = points[:, RIGID]
    known = np.isfinite(rigid).all(axis=(1, 2))
    angles = np.full((len(points), 3), np.nan, np.float32)
    if not known.any():
        return angles
    centred = rigid - rigid.mean(axis=1, keepdims=True)  # t n 3
    first = centred[np.argmax(known)]
    for index in np.flatnonzero(known):
        u, _, vt = np.linalg.svd(first.T @ centred[index])  # Kabsch: the rotation nearest in least squares
        sign = np.sign(np.linalg.det(u @ vt))
        r = (u @ np.diag([1, 1, sign]) @ vt).T
        angles[index] = np.degrees(
            [np.arctan2(r[0, 2], r[2, 2]), -np.arcsin(np.clip(r[1, 2], -1, 1)), np.arctan2(r[1, 0], r[1, 1])]
        )
    return angles
