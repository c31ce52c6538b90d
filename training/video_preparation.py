"""One raw video -> its clips: survey (cuts and faces), plan (spans), cut out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.faces.detector import FaceBox
from training.clip_writer import ClipWriter, write_clips
from training.clips import ClipError, Pixels
from training.cuts import change, find_cuts, thumbnail
from training.footage import FootageFacts, footage_facts, read_footage
from training.preparation_record import DroppedPart, VideoRecord
from training.shots import Dropped, Look, Span, plan_spans

LOOK_EVERY_S = 0.25

ShowDone = Callable[[float], None]


class Detector(Protocol):
    """Finds faces in one picture."""

    def detect(self, pixels: Pixels) -> tuple[FaceBox, ...]:
        """The faces in pixels [h, w, 3] uint8 RGB, largest first."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first reading found: faces now and then, the change at every frame, and the picture's size."""

    looks: list[Look]
    changes: NDArray[np.float64]
    height_px: int
    width_px: int


def prepare_video(video: Path, name: str, folder: Path, detector: Detector, show: ShowDone) -> VideoRecord:
    """Clips NAME_000.mp4 ... in `folder` and their record; `show` gets the share done, in [0, 1]."""
    size = video.stat().st_size
    try:
        facts = footage_facts(video)
        survey = survey_footage(_shown(read_footage(video), facts, show, 0.0), facts.rate_hz, detector)
    except ClipError as error:
        return VideoRecord(name, size, 0.0, 0, {}, (), str(error))
    frame_count, cuts = len(survey.changes), find_cuts(survey.changes)
    spans, dropped = plan_spans(survey.looks, cuts, frame_count, facts.rate_hz, survey.height_px, survey.width_px)
    kept, refused = _cut_out(video, name, folder, spans, facts, show)
    parts = sorted([*dropped, *refused], key=lambda part: part.start)
    return VideoRecord(
        video=name,
        bytes=size,
        seconds=round(frame_count / facts.rate_hz, 3),
        shots=len(cuts) + 1,
        clips=kept,
        dropped=tuple(
            DroppedPart(round(part.start / facts.rate_hz, 3), round(part.stop / facts.rate_hz, 3), part.reason)
            for part in parts
        ),
    )


def survey_footage(frames: Iterable[Pixels], rate_hz: float, detector: Detector) -> Survey:
    """Looks for faces every quarter of a second, measures the change at every frame."""
    every = max(1, round(LOOK_EVERY_S * rate_hz))
    looks, changes, last, size = [], [], None, (0, 0)
    for index, pixels in enumerate(frames):
        small = thumbnail(pixels)
        changes.append(0.0 if last is None else change(last, small))
        last, size = small, pixels.shape[:2]
        if index % every == 0:
            looks.append(Look(index, detector.detect(pixels)))
    return Survey(looks, np.array(changes), *size)


def _cut_out(
    video: Path, name: str, folder: Path, spans: list[Span], facts: FootageFacts, show: ShowDone
) -> tuple[dict[str, float], list[Dropped]]:
    """Seconds of each clip written, by name, and the spans that were refused once seen."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(f"{name}_[0-9][0-9][0-9].mp4"):
        stale.unlink()
    frames = _shown(read_footage(video), facts, show, 0.5)
    kept, refused = {}, []
    clips = {f"{name}_{index:03d}": span for index, span in enumerate(spans)}
    writers = (ClipWriter(folder / f"{clip}.mp4", span, facts.rate_hz) for clip, span in clips.items())
    for (clip, span), reason in zip(clips.items(), write_clips(frames, writers), strict=True):
        if reason is None:
            kept[clip] = round((span.stop - span.start) / facts.rate_hz, 3)
        else:
            refused.append(Dropped(span.start, span.stop, reason))
    return kept, refused


def _shown(frames: Iterable[Pixels], facts: FootageFacts, show: ShowDone, before: float) -> Iterator[Pixels]:
    for index, pixels in enumerate(frames):
        if facts.frames and index % 10 == 0:
            show(before + 0.5 * min(1.0, index / facts.frames))
        yield pixels
