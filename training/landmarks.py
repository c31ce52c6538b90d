"""Landmarks of training frames, found once by `python -m training.find_landmarks`, that guide some of the keypoints.

What a landmark is (a lid, a wheel, a joint) is the configuration's business: here they are numbered points.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.frame_cache import FrameCache

# Sizes of the face between what hides a point, such as lids do an iris: from here on it is seen.
HIDDEN = 0.1


class LandmarkError(Exception):
    """Landmark files that do not fit the clips; the message names the file."""


@dataclass(frozen=True, slots=True)
class LandmarkTrack:
    """One point per guided keypoint and cached frame, [n, m, 2] float32 as (x, y) in [-1, 1], NaN where none was found.

    `mirrored` holds the same of the pictures flipped left to right.
    """

    points: NDArray[np.float32]
    mirrored: NDArray[np.float32]


def open_landmarks(folder: Path, cache: FrameCache, stride: int, points: tuple[tuple[int, int], ...]) -> LandmarkTrack:
    """The landmarks of every frame of `cache`; `points` are pairs (landmark, its mirror image), one per keypoint."""
    clips = []
    for index, name in enumerate(cache.names):
        found = read_landmarks(folder / f"{name}.npz", stride)
        frames = cache.starts[index + 1] - cache.starts[index]
        if len(found) != frames:
            raise LandmarkError(
                f"{folder / name}.npz: {len(found)} frames at stride {stride}, the clip has {frames}; "
                "find the landmarks again"
            )
        clips.append(found)
    every = np.concatenate(clips)  # n landmarks 2
    chosen, opposite = zip(*points, strict=True)
    flip = np.array([-1, 1], np.float32)
    return LandmarkTrack(every[:, chosen], every[:, opposite] * flip)


def unusual_frames(
    track: LandmarkTrack, starts: tuple[int, ...], spans: tuple[tuple[int, int], ...]
) -> NDArray[np.float64]:
    """How unusual the most unusual span of each frame is, [n] in [0, 1]: 0 at its clip's median, 1 at the furthest.

    Furthest is the 98th percentile, so that a single misplaced landmark does not hide the rest. Unknown frames give 0.
    """
    ends = np.asarray(spans)
    lengths = np.linalg.norm(track.points[:, ends[:, 0]] - track.points[:, ends[:, 1]], axis=-1)  # n spans
    unusual = np.zeros(len(lengths))
    for first, last in zip(starts, starts[1:], strict=False):
        clip = lengths[first:last]
        known = clip[np.isfinite(clip).all(axis=1)]
        if len(known):
            departure = np.abs(clip - np.median(known, axis=0))
            furthest = np.percentile(np.abs(known - np.median(known, axis=0)), 98, axis=0)
            unusual[first:last] = np.nan_to_num(departure / np.maximum(furthest, 1e-6)).max(axis=1)
    return unusual.clip(0, 1)


def parted(points: NDArray[np.float32], openings: NDArray[np.int64], face: list[int]) -> NDArray[np.float64]:
    """How far the ends of the furthest of `openings` [o, 2] are apart in each frame of `points` [n, m, 2], [n].

    0 where they touch and 1 at the 99th percentile of all frames and beyond, for faces of one size; NaN where unknown.
    """
    apart = np.linalg.norm(points[:, openings[:, 0]] - points[:, openings[:, 1]], axis=-1).max(axis=1)
    apart /= _spread(points[:, face] - points[:, face].mean(axis=1, keepdims=True))
    return (apart / max(np.nanpercentile(apart, 99), 1e-6)).clip(0, 1).astype(np.float64)


def asides(points: NDArray[np.float32], led: NDArray[np.int64], face: list[int]) -> NDArray[np.float32]:
    """How far aside of the middle between the two that hide it each of `led` [l, 3] is, [n, l], in sizes of the face.

    Of `points` [n, m, 2]; NaN where the two all but meet, and where one is unknown.
    """
    size = _spread(points[:, face] - points[:, face].mean(axis=1, keepdims=True))[:, None]
    point, one, other = (points[:, led[:, column]] for column in range(3))
    line, way = other - one, point - (one + other) / 2
    length = np.linalg.norm(line, axis=2)
    across = way[..., 0] * line[..., 1] - way[..., 1] * line[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(length > HIDDEN * size, across / (length * size), np.nan), np.float32)


def shapes_of(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """`points` [n, m, 2] wherever and however large they are, [n, 2m]: about their mean, in units of their spread."""
    centred = points - points.mean(axis=1, keepdims=True)
    return (centred / _spread(centred)[:, None, None]).reshape(len(points), -1)


def _spread(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """The root mean square distance of points [n, m, 2] from their middle, which is at 0: [n]."""
    return np.maximum(np.sqrt(np.square(centred).sum(axis=2).mean(axis=1)), 1e-6)


def read_landmarks(path: Path, stride: int) -> NDArray[np.float32]:
    """[t, landmarks, 2] in [-1, 1] at every `stride`-th frame of a clip, NaN without a face; LandmarkError if unfit."""
    if not path.is_file():
        raise LandmarkError(f"{path}: missing; run `python -m training.find_landmarks CLIPS {path.parent}`")
    with np.load(path, allow_pickle=False) as file:
        found_stride, points = int(file["stride"]), file["points"]
    if stride % found_stride:
        raise LandmarkError(f"{path}: found at every {found_stride}th frame, training uses every {stride}th")
    return 2 * points[:: stride // found_stride].astype(np.float32) - 1
