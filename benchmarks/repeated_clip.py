"""A recorded clip that starts over at its end, as one endless recording."""

from collections.abc import Iterator
from dataclasses import replace

from realtime.devices.cameras import Camera, open_recorded_camera
from realtime.frames import Frame


class RepeatedClip(Camera):
    """The frames of a recorded camera's address for ever; index and time go on counting. Raises DeviceError."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._current = open_recorded_camera(address)
        self.name, self.rate_hz = self._current.name, self._current.rate_hz
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        index, offset_s = 0, 0.0
        while not self._closed:
            last_s = 0.0
            for frame in self._current.frames():
                last_s = frame.captured_at
                yield replace(frame, index=index, captured_at=offset_s + last_s)
                index += 1
            offset_s += last_s + 1 / self.rate_hz
            self._current.close()
            self._current = open_recorded_camera(self._address)

    def close(self) -> None:
        self._closed = True
        self._current.close()
