"""A folder of numbered PNG pictures as a sink."""

from pathlib import Path

import cv2

from realtime.devices.sinks import Sink
from realtime.errors import DeviceError
from realtime.frames import OutputFrame


class FrameFolderSink(Sink):
    """Writes 000000.png, 000001.png ... by the frame's index. Raises DeviceError if the folder cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.name = f"frames:{folder}"
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeviceError(f"{folder}: cannot be made a folder ({error.strerror})", hint=_HINT) from None

    def send(self, frame: OutputFrame) -> None:
        """Writes one lossless picture."""
        path = self._folder / f"{frame.index:06d}.png"
        _, data = cv2.imencode(".png", cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR))
        try:
            path.write_bytes(data.tobytes())
        except OSError as error:
            raise DeviceError(f"{path}: cannot be written ({error.strerror})", hint=_HINT) from None

    def close(self) -> None:
        """Nothing to finish: each picture is whole."""


_HINT = "name a folder you may write to after frames:"
