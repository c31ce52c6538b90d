"""Reads raw footage frame by frame, upright as the phone meant it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from training.clips import VIDEO_SUFFIXES, ClipError, Pixels

FALLBACK_RATE_HZ = 25.0


def find_footage(folder: Path) -> list[Path]:
    """Every video under `folder`, sorted; ClipError if there is none."""
    if not folder.is_dir():
        raise ClipError(f"{folder}: no such folder of raw videos")
    videos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES)
    if not videos:
        raise ClipError(f"{folder}: no video found; put {', '.join(sorted(VIDEO_SUFFIXES))} files there")
    return videos


@dataclass(frozen=True, slots=True)
class FootageFacts:
    """What a file says of itself; `frames` is 0 where it does not say."""

    rate_hz: float
    frames: int


def footage_facts(video: Path) -> FootageFacts:
    """Rate and length of `video`; ClipError if it cannot be read."""
    try:
        with av.open(str(video)) as container:
            stream = _stream(container, video)
            return FootageFacts(float(stream.average_rate or FALLBACK_RATE_HZ), stream.frames)
    except (OSError, av.FFmpegError) as error:
        raise _unreadable(video, error) from error


def read_footage(video: Path) -> Iterator[Pixels]:
    """Frames [h, w, 3] uint8 RGB, turned upright; ClipError where the file is damaged."""
    try:
        with av.open(str(video)) as container:
            stream = _stream(container, video)
            stream.thread_type = "AUTO"
            picture = None
            for picture in container.decode(stream):
                # What the camera's position sensor wrote, in degrees anticlockwise.
                turns = round(picture.rotation / 90) % 4
                yield np.ascontiguousarray(np.rot90(picture.to_ndarray(format="rgb24"), turns), np.uint8)
            if picture is None:
                raise ClipError(f"{video}: gives no frames; replace it")
    except (OSError, av.FFmpegError) as error:
        raise _unreadable(video, error) from error


def _stream(container: av.container.InputContainer, video: Path) -> av.VideoStream:
    if not container.streams.video:
        raise ClipError(f"{video}: has no picture track; take it out of the folder")
    return container.streams.video[0]


def _unreadable(video: Path, error: Exception) -> ClipError:
    return ClipError(f"{video}: cannot be read as a video ({error}); convert or replace it")
