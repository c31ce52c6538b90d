"""Cuts one span of footage out as a square H.264 clip, unless it is too still or too blurred to learn from."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from realtime.devices.video_writer import VideoWriter
from realtime.frames import Size
from realtime.framing import cut_out
from training.clips import Pixels
from training.cuts import change, thumbnail
from training.shots import Reason, Span

CLIP_PX = 256
# Mean difference to the first frame, as a share of full scale; a still picture held to the camera stays below.
SMALLEST_MOTION = 0.006
# Median variance of the Laplacian of the grey clip, 8 bit.
SMALLEST_SHARPNESS = 20.0


class ClipWriter:
    """Takes the frames of one span in order; the file appears under its name only when `finish` accepts it."""

    def __init__(self, path: Path, span: Span, rate_hz: float) -> None:
        self.path, self.span = path, span
        self._partial = path.with_name(f".partial-{path.name}")
        self._rate_hz = rate_hz
        self._video = VideoWriter(self._partial, Size(CLIP_PX, CLIP_PX), rate_hz)
        self._first: Pixels | None = None
        self._motion: list[float] = []
        self._sharpness: list[float] = []

    def add(self, pixels: Pixels) -> None:
        """Writes the span's square of a raw frame [h, w, 3]."""
        square = cut_out(pixels, self.span.crop, CLIP_PX)
        small = thumbnail(square)
        if self._first is None:
            self._first = small
        else:
            self._motion.append(change(self._first, small))
        self._sharpness.append(float(cv2.Laplacian(cv2.cvtColor(square, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var()))
        index = len(self._sharpness) - 1
        self._video.write(square, index / self._rate_hz)

    def finish(self) -> Reason | None:
        """Keeps the clip and returns None, or deletes it and returns why."""
        self._video.close()
        reason = self._fault()
        if reason is None:
            self._partial.replace(self.path)
        else:
            self._partial.unlink()
        return reason

    def discard(self) -> None:
        """Leaves no file; after a failure."""
        self._video.close()
        self._partial.unlink(missing_ok=True)

    def _fault(self) -> Reason | None:
        if not self._motion:
            return Reason.SHORT
        if float(np.mean(self._motion)) < SMALLEST_MOTION:
            return Reason.STILL
        return Reason.BLURRED if float(np.median(self._sharpness)) < SMALLEST_SHARPNESS else None


def write_clips(frames: Iterable[Pixels], writers: Iterator[ClipWriter]) -> list[Reason | None]:
    """Whether each writer's span became a clip (None) or why not; `writers` are in order and do not overlap."""
    outcomes: list[Reason | None] = []
    writer = next(writers, None)
    try:
        for index, pixels in enumerate(frames):
            if writer is None:
                break
            if index >= writer.span.start:
                writer.add(pixels)
            if index == writer.span.stop - 1:
                outcomes.append(writer.finish())
                writer = next(writers, None)
    except BaseException:
        if writer is not None:
            writer.discard()
        raise
    return outcomes
