"""A video file as a camera, decoded by PyAV."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from realtime.devices.cameras import Camera
from realtime.errors import DeviceError
from realtime.frames import Frame

FALLBACK_RATE_HZ = 25.0


class VideoFileCamera(Camera):
    """Every frame of a clip, once, captured_at being its time within the clip."""

    def __init__(self, path: Path) -> None:
        self.name = f"file:{path}"
        self._path = path
        try:
            self._container = av.open(str(path))
        except (OSError, av.FFmpegError) as error:
            raise DeviceError(
                f"{path}: cannot be opened as a video: {error.strerror}",
                hint="name a video file after file:, e.g. --camera file:clip.mp4",
            ) from None
        if not self._container.streams.video:
            self._container.close()
            raise DeviceError(f"{path}: has no picture track", hint="name a file that contains video")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.rate_hz = float(self._stream.average_rate or FALLBACK_RATE_HZ)

    def frames(self) -> Iterator[Frame]:
        """Frames [h, w, 3]. Raises DeviceError where the clip is damaged or holds no frame."""
        index = -1
        try:
            for index, picture in enumerate(self._container.decode(self._stream)):
                at_s = picture.time if picture.time is not None else index / self.rate_hz
                yield Frame(np.ascontiguousarray(picture.to_ndarray(format="rgb24")), index, at_s)
        except av.FFmpegError as error:
            raise DeviceError(
                f"{self._path}: damaged after {index + 1} frames: {error.strerror}",
                hint="convert the clip anew, or cut it before that place",
            ) from error
        if index < 0:
            raise DeviceError(f"{self._path}: gives no frames", hint="name a video file that plays")

    def close(self) -> None:
        """Closes the file."""
        self._container.close()
