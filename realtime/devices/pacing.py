"""Plays a recording as if it were a live camera."""

import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

from realtime.devices.cameras import Camera
from realtime.frames import Frame


class PacedCamera(Camera):
    """Gives the frames of a recorded camera at their own pace, born when they are due."""

    def __init__(self, recorded: Camera) -> None:
        self.name = recorded.name
        self.rate_hz = recorded.rate_hz
        self._recorded = recorded
        self._closed = Event()

    def frames(self) -> Iterator[Frame]:
        """The recording's frames, each no earlier than its time; captured_at is time.monotonic()."""
        offset_s: float | None = None
        for frame in self._recorded.frames():
            now_s = time.monotonic()
            if offset_s is None:
                offset_s = now_s - frame.captured_at
            due_s = frame.captured_at + offset_s
            if self._closed.wait(max(0.0, due_s - now_s)):
                return
            yield replace(frame, captured_at=time.monotonic())

    def stop(self) -> None:
        """Ends a wait for the next frame."""
        self._closed.set()

    def close(self) -> None:
        """Closes the recording."""
        self.stop()
        self._recorded.close()
