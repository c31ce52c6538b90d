"""One video made offline: a portrait, a driving clip, an output; every frame of the clip, its sound, its rate."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from realtime.animator import Animator
from realtime.devices.audio_track import has_sound, join_sound
from realtime.devices.cameras import Camera, open_recorded_camera
from realtime.devices.gif_writer import GifWriter
from realtime.devices.recording import DISCLOSURE
from realtime.devices.video_writer import VideoWriter
from realtime.frames import Background, Frame, Pixels, Size
from realtime.output.canvas import Canvas, natural_size
from realtime.output.machine import OutputMachine

GIF = ".gif"


@dataclass(frozen=True, slots=True)
class Look:
    """How the videos of a batch are made. size None: the portrait's own."""

    size: Size | None = None
    badge: bool = True
    audio: bool = True
    side_by_side: bool = False
    best_frame: bool = False
    background: Background | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be made of what."""

    source: Path
    driving: Path
    output: Path


def run_job(job: Job, look: Look, animator: Animator, advanced: Callable[[], None]) -> int:
    """How many frames were written. The output appears whole or not at all; advanced is called for every frame.

    Raises SourceError for the portrait, DeviceError for the clip or the output.
    """
    animator.open_source(job.source)
    animator.meet_driver()
    if look.best_frame:
        with open_recorded_camera(f"file:{job.driving}") as camera:
            animator.take_best_neutral(camera.frames())
    partial = job.output.with_name(f".{job.output.stem}.partial{job.output.suffix}")
    silent = partial.with_name(f".{job.output.stem}.silent{job.output.suffix}")
    try:
        with open_recorded_camera(f"file:{job.driving}") as camera:
            count, first_s = _animate_all(camera, animator, silent, look, advanced)
        if look.audio and job.output.suffix.lower() != GIF and has_sound(job.driving):
            join_sound(silent, job.driving, partial, first_s)
            partial.replace(job.output)
        else:
            silent.replace(job.output)
    finally:
        partial.unlink(missing_ok=True)
        silent.unlink(missing_ok=True)
    return count


def _animate_all(
    camera: Camera, animator: Animator, path: Path, look: Look, advanced: Callable[[], None]
) -> tuple[int, float]:
    """How many frames, and when in the clip the first is shown."""
    resting = animator.at_rest()
    size = look.size or natural_size(resting)
    machine = OutputMachine(Canvas(size, look.badge, background=look.background), resting)
    shown = Size(2 * size.width_px, size.height_px) if look.side_by_side else size
    count, first_s = 0, 0.0
    with _writer(path, shown, camera.rate_hz) as writer:
        for frame in camera.frames():
            first_s = frame.captured_at if count == 0 else first_s
            pixels = machine.picture_of(animator.animate(frame)).pixels
            if look.side_by_side:
                pixels = np.hstack([_fitted(frame, size), pixels])
            writer.write(pixels, frame.captured_at - first_s)
            count += 1
            advanced()
    return count, first_s


def _writer(path: Path, size: Size, rate_hz: float) -> VideoWriter | GifWriter:
    if path.suffix.lower() == GIF:
        return GifWriter(path, size, rate_hz)
    return VideoWriter(path, size, rate_hz, note=DISCLOSURE)


def _fitted(frame: Frame, size: Size) -> Pixels:
    """The driver's whole picture in the middle of size, on black."""
    height, width = frame.pixels.shape[:2]
    scale = min(size.width_px / width, size.height_px / height)
    across, down = max(1, int(width * scale)), max(1, int(height * scale))
    picture = np.zeros((size.height_px, size.width_px, 3), np.uint8)
    left, top = (size.width_px - across) // 2, (size.height_px - down) // 2
    picture[top : top + down, left : left + across] = cv2.resize(
        frame.pixels, (across, down), interpolation=cv2.INTER_AREA
    )
    return picture
