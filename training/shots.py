"""Which spans of raw footage become clips: one shot, one face, one fixed square that the face does not leave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from realtime.faces.detector import FaceBox
from realtime.framing import Crop, centre_crop, face_crop

SHORTEST_S, LONGEST_S = 1.0, 30.0
SMALLEST_CROP_PX = 128  # enlarged twice at most
# A detector misses a face now and then, such as in a blink of light; so many looks in a row are a face that is gone.
MISSES_FORGIVEN = 2
# A face is in the square while this much of its box is, and while its size stays within this factor of what it was.
SMALLEST_INSIDE = 0.9
LARGEST_GROWTH = 1.4
# A second face counts if it shows in the square and is no speck.
SECOND_FACE_AREA = 0.1


class Reason(StrEnum):
    """Why footage became no clip."""

    NO_FACE = "no face"
    SEVERAL_FACES = "several faces"
    SMALL_FACE = "face too small"
    LEFT = "face leaves the square"
    SHORT = "too short"
    STILL = "too still"
    BLURRED = "too blurred"


@dataclass(frozen=True, slots=True)
class Look:
    """The faces in one frame, largest first."""

    frame: int
    faces: tuple[FaceBox, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Frames start to stop - 1, and the square of them that a clip is cut from."""

    start: int
    stop: int
    crop: Crop


@dataclass(frozen=True, slots=True)
class Dropped:
    """Frames start to stop - 1 that became no clip, and why."""

    start: int
    stop: int
    reason: Reason


def plan_spans(
    looks: Sequence[Look], cuts: Iterable[int], frame_count: int, rate_hz: float, height_px: int, width_px: int
) -> tuple[list[Span], list[Dropped]]:
    """The spans worth cutting out and what lies between them, both in order."""
    spans: list[Span] = []
    dropped: list[Dropped] = []
    edges = [0, *cuts, frame_count]
    for start, stop in zip(edges, edges[1:], strict=False):
        within = [look for look in looks if start <= look.frame < stop]
        _plan_shot(within, start, stop, rate_hz, (height_px, width_px), spans, dropped)
    return spans, dropped


def _plan_shot(
    looks: list[Look],
    start: int,
    stop: int,
    rate_hz: float,
    size: tuple[int, int],
    spans: list[Span],
    dropped: list[Dropped],
) -> None:
    """Add the spans of one shot, each as long as its first square holds the face, and the rest with reasons."""
    if not looks:
        dropped.append(Dropped(start, stop, Reason.SHORT))
    at, done = 0, start
    while at < len(looks):
        first = looks[at]
        found = _usable_crop(first, *size)
        if isinstance(found, Reason):
            at += 1
            end = looks[at].frame if at < len(looks) else stop
            _drop(dropped, Dropped(done, end, found))
        else:
            held = _looks_held(looks[at:], found, first.faces[0], rate_hz)
            begin = done if at == 0 else first.frame
            if begin > done:
                _drop(dropped, Dropped(done, begin, Reason.LEFT))
            at += held
            # Nobody looked at what comes after the last good look, unless nothing ended there.
            end = looks[at - 1].frame + 1 if at < len(looks) else stop
            if end - begin < SHORTEST_S * rate_hz:
                _drop(dropped, Dropped(begin, end, Reason.SHORT))
            else:
                spans.append(Span(begin, end, found))
        done = end


def _looks_held(looks: list[Look], crop: Crop, face: FaceBox, rate_hz: float) -> int:
    """How many looks from the first on show that face alone in the square."""
    held = 1
    for index, look in enumerate(looks[1:], start=1):
        if look.frame - looks[0].frame > LONGEST_S * rate_hz or index - held > MISSES_FORGIVEN:
            break
        # Somebody else, outside the square, may be larger by now.
        inside = [other for other in look.faces if _shows(crop, other, face)]
        if not inside:
            continue
        if len(inside) > 1 or not _holds(crop, face, inside[0]):
            break
        held = index + 1
    return held


def _usable_crop(look: Look, height_px: int, width_px: int) -> Crop | Reason:
    """The training framing of the look's only face, moved into the picture."""
    if not look.faces:
        return Reason.NO_FACE
    face, *others = look.faces
    crop = _moved_inside(face_crop(face, height_px, width_px), height_px, width_px)
    if crop.side_px < SMALLEST_CROP_PX:
        return Reason.SMALL_FACE
    if any(_shows(crop, other, face) for other in others):
        return Reason.SEVERAL_FACES
    return crop


def _moved_inside(crop: Crop, height_px: int, width_px: int) -> Crop:
    # A slightly shifted face is better to learn from than a border repeated.
    if crop.side_px > min(height_px, width_px):
        return centre_crop(height_px, width_px)
    left_px = min(max(crop.left_px, 0), width_px - crop.side_px)
    return Crop(left_px, min(max(crop.top_px, 0), height_px - crop.side_px), crop.side_px)


def _holds(crop: Crop, first: FaceBox, now: FaceBox) -> bool:
    growth = (_area(now) / _area(first)) ** 0.5
    return _share_inside(crop, now) >= SMALLEST_INSIDE and 1 / LARGEST_GROWTH <= growth <= LARGEST_GROWTH


def _shows(crop: Crop, other: FaceBox, face: FaceBox) -> bool:
    """True if `other` is in the square, at least in part, and no speck beside `face`."""
    return _area(other) >= SECOND_FACE_AREA * _area(face) and _share_inside(crop, other) > 0


def _share_inside(crop: Crop, face: FaceBox) -> float:
    right, bottom = crop.left_px + crop.side_px, crop.top_px + crop.side_px
    width = min(face.left_px + face.width_px, right) - max(face.left_px, crop.left_px)
    height = min(face.top_px + face.height_px, bottom) - max(face.top_px, crop.top_px)
    return max(0.0, width) * max(0.0, height) / _area(face)


def _area(face: FaceBox) -> float:
    return face.width_px * face.height_px


def _drop(dropped: list[Dropped], new: Dropped) -> None:
    """Add `new`, joined with the last one if it goes on for the same reason."""
    if dropped and dropped[-1].stop == new.start and dropped[-1].reason == new.reason:
        new = Dropped(dropped.pop().start, new.stop, new.reason)
    dropped.append(new)
