"""Landmarks beside the face: where the person's outline lies around the head, and the shoulders. By MediaPipe.

They move slowly, so that they are looked for in some frames and interpolated in the others.
"""

import numpy as np
from numpy.typing import NDArray

from training.clips import Pixels

# Crown, hair or ears left and right of the eyes, hair or neck left and right of the chin, shoulders left and right; by
# left the picture's left is meant.
BODY_LANDMARKS = 7
OUTLINE_EVERY, SHOULDERS_EVERY = 2, 4
POSE_LEFT_SHOULDER, POSE_RIGHT_SHOULDER = 12, 11  # left in the picture is the person's right
IRISES, MOUTH_CORNERS, CHIN = (468, 473), (61, 291), 152  # the picture's left first
STEP = 0.5  # pixels, along a ray
OUTSIDE_PX = 3  # this far outside the person the outline is behind us
EDGE = 0.004  # a point beyond the picture stands on its edge, as near as a keypoint can come

Points = NDArray[np.float32]


def find_body(frames: Pixels, faces: NDArray[np.float16]) -> Points:
    """[t, 7, 2] as shares of width and height, given face points [t, 478, 2]; NaN where nothing was found."""
    return np.concatenate([_find_outline(frames, faces), _find_shoulders(frames)], axis=1)


def _find_outline(frames: Pixels, faces: NDArray[np.float16]) -> Points:
    from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

    rows = rows_looked_at(len(frames), OUTLINE_EVERY)
    with SelfieSegmentation(model_selection=0) as person:
        masks = (person.process(np.ascontiguousarray(frames[row])).segmentation_mask for row in rows)
        points = [outline_points(mask, faces[row].astype(np.float32)) for row, mask in zip(rows, masks, strict=True)]
    return interpolated(rows, np.stack(points), len(frames))


def _find_shoulders(frames: Pixels) -> Points:
    from mediapipe.python.solutions.pose import Pose

    rows = rows_looked_at(len(frames), SHOULDERS_EVERY)
    found = np.full((len(rows), 2, 2), np.nan, np.float32)
    with Pose(smooth_landmarks=False, min_detection_confidence=0.3, min_tracking_confidence=0.3) as pose:
        for index, row in enumerate(rows):
            points = pose.process(np.ascontiguousarray(frames[row])).pose_landmarks
            if points:
                both = (points.landmark[number] for number in (POSE_LEFT_SHOULDER, POSE_RIGHT_SHOULDER))
                found[index] = [(point.x, point.y) for point in both]
    return interpolated(rows, found.clip(EDGE, 1 - EDGE), len(frames))


def rows_looked_at(count: int, every: int) -> NDArray[np.intp]:
    """Every n-th of `count` frames, and the last."""
    return np.unique(np.append(np.arange(0, count, every), count - 1))


def outline_points(mask: NDArray[np.float32], face: Points) -> Points:
    """[5, 2] as shares: where rays from eyes and chin leave the person of `mask` [s, s]; NaN without `face`."""
    if not np.isfinite(face).all():
        return np.full((5, 2), np.nan, np.float32)
    size = mask.shape[0]
    pixels = face * size
    eyes, mouth = pixels[list(IRISES)].mean(axis=0), pixels[list(MOUTH_CORNERS)].mean(axis=0)
    up = (eyes - mouth) / max(float(np.linalg.norm(eyes - mouth)), 1e-6)
    left = np.array([up[1], -up[0]])
    rays = [(eyes, up), (eyes, left), (eyes, -left), (pixels[CHIN], left), (pixels[CHIN], -left)]
    found = np.stack([_leaving(mask, start, direction) for start, direction in rays]) / size
    return found.clip(EDGE, 1 - EDGE).astype(np.float32)


def _leaving(mask: NDArray[np.float32], start: Points, direction: Points) -> Points:
    """Where a ray is first outside the person for some pixels; where it leaves the picture if it never is."""
    last = mask.shape[0] - 1
    places = start + np.arange(0, 2 * mask.shape[0], STEP)[:, None] * direction
    inside = ((places >= 0) & (places <= last)).all(axis=1)
    places = places[: inside.argmin()]
    if not len(places):
        return start.clip(0, last)
    columns, rows = places.round().astype(int).T
    outside = (mask[rows, columns] < 0.5).astype(int)
    length = round(OUTSIDE_PX / STEP)
    runs = (
        np.convolve(outside, np.ones(length, int), "valid") == length if len(outside) >= length else np.zeros(1, bool)
    )
    return np.asarray(places[runs.argmax() if runs.any() else -1])


def interpolated(rows: NDArray[np.intp], points: Points, count: int) -> Points:
    """[count, n, 2] from `points` [r, n, 2] found in `rows`, between on straight lines; NaN beside unknown ones."""
    frames = np.arange(count)
    after = np.searchsorted(rows, frames)
    before = np.where(rows[after] == frames, after, after - 1)
    share = (frames - rows[before]) / np.maximum(rows[after] - rows[before], 1)
    return (points[before] + share[:, None, None] * (points[after] - points[before])).astype(np.float32)
