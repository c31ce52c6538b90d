"""Screenshots: the picture last sent, as a PNG file."""

import time
from pathlib import Path

import cv2
import numpy as np

from realtime.errors import DeviceError
from realtime.frames import Pixels

_ANOTHER = "name a folder you may write to with --screenshots"
FASTEST = [cv2.IMWRITE_PNG_COMPRESSION, 1]


def require_folder(folder: Path) -> None:
    """Raises DeviceError where screenshots could never go, long before the first is asked for."""
    if folder.exists() and not folder.is_dir():
        raise DeviceError(f"{folder}: not a folder, and screenshots go into one", hint=_ANOTHER)


def save_screenshot(pixels: Pixels, folder: Path) -> Path:
    """The file that now holds pixels [h, w, 3], named after the present second. Raises DeviceError."""
    stem = time.strftime("marionet-%Y-%m-%d-%H.%M.%S")
    _, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), FASTEST)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder / f"{stem}{'' if count == 1 else f'-{count}'}.png" for count in range(1, 1000)):
            if not path.exists():
                np.asarray(data).tofile(path)
                return path
    except OSError as error:
        raise DeviceError(f"{folder}: a screenshot cannot be written ({error.strerror})", hint=_ANOTHER) from None
    raise DeviceError(f"{folder}: too many screenshots in one second", hint="wait a second")
