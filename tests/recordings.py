"""Reading back what a sink wrote, without the code under test."""

from pathlib import Path

import av
import cv2
import numpy as np

from realtime.frames import Frame, Pixels


def recorded_frames(path: Path) -> list[Frame]:
    """Every frame of a video, captured_at being its time in the file."""
    with av.open(str(path)) as container:
        pictures = list(container.decode(video=0))
    return [
        Frame(np.asarray(picture.to_ndarray(format="rgb24"), np.uint8), index, float(picture.time or 0))
        for index, picture in enumerate(pictures)
    ]


def saved_picture(path: Path) -> Pixels:
    """[h, w, 3] uint8 RGB."""
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
