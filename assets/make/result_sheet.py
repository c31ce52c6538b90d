"""The README's picture: the same moments of several videos, one row a video.

python assets/make/result_sheet.py OUT.jpg DRIVER.mp4 RESULT.mp4 [RESULT.mp4 ...]
"""

import sys
from pathlib import Path

import cv2
import numpy as np

MOMENTS_S = (0.3, 1.6, 2.15, 2.8, 4.65, 6.58, 7.15, 8.6)
SIDE_PX = 160


def main(arguments: list[str]) -> int:
    """Exit code 0 with the sheet written; 2 if a video cannot be read."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    out, *videos = map(Path, arguments)
    rows = [row_of(video) for video in videos]
    if any(row is None for row in rows):
        unreadable = videos[[row is None for row in rows].index(True)]
        print(f"error: {unreadable} has no frame at every moment of {MOMENTS_S}\nrender it anew", file=sys.stderr)
        return 2
    cv2.imwrite(str(out), np.concatenate([row for row in rows if row is not None]), [cv2.IMWRITE_JPEG_QUALITY, 90])
    return 0


def row_of(video: Path) -> np.ndarray | None:
    """[SIDE_PX, n * SIDE_PX, 3]: the video's frames at MOMENTS_S side by side; None if one cannot be read."""
    capture = cv2.VideoCapture(str(video))
    rate = capture.get(cv2.CAP_PROP_FPS)
    pictures = []
    for moment in MOMENTS_S:
        capture.set(cv2.CAP_PROP_POS_FRAMES, round(moment * rate))
        read, frame = capture.read()
        if not read:
            return None
        pictures.append(cv2.resize(frame, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA))
    return np.concatenate(pictures, axis=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
