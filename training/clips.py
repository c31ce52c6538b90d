"""Finds clips in folders and decodes them: video files, folders of PNG frames, and the paper's stacked PNGs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

VIDEO_SUFFIXES = {".mp4", ".mov", ".avi", ".mkv", ".webm", ".gif"}


class ClipError(Exception):
    """A clip that cannot be decoded; the message names it."""


def find_clips(folders: list[Path]) -> list[Path]:
    """Every clip under `folders`, sorted: videos, PNG frame folders and stacked PNGs; ClipError if there is none."""
    clips: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            raise ClipError(f"{folder}: no such folder of clips; name one that is there")
        clips.update(path for path in folder.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES)
        clips.update(_picture_clips(sorted(folder.rglob("*.png"))))
    if not clips:
        names = ", ".join(str(folder) for folder in folders)
        raise ClipError(f"{names}: no video, PNG frame folder or stacked PNG found; put clips there")
    return sorted(clips)


def decode_clip(path: Path, size: int, stride: int = 1) -> Pixels:
    """Every `stride`-th frame of a clip as [t, size, size, 3] RGB; ClipError if it has fewer than two."""
    frames = [frame for _, frame in decode_frames(path, size, lambda index: index % stride == 0)]
    if len(frames) < 2:
        raise ClipError(f"{path}: {len(frames)} readable frames at stride {stride}; a clip needs two")
    return np.stack(frames)


def decode_frames(path: Path, size: int, wanted: Callable[[int], bool]) -> Iterator[tuple[int, Pixels]]:
    """Index and picture [size, size, 3] RGB of the frames whose index is wanted, in order, each decoded once."""
    for index, frame in enumerate(_frames(path)):
        if wanted(index):
            yield index, _resize(frame, size)


def _picture_clips(images: list[Path]) -> Iterator[Path]:
    """Stacked PNGs, and folders of frames; a picture beside stacked ones that is not stacked is a broken one."""
    stacked = {image for image in images if _is_stacked(image)}
    folders_of_stacked = {image.parent for image in stacked}
    for image in images:
        yield image if image in stacked or image.parent in folders_of_stacked else image.parent


def _frames(path: Path) -> Iterator[Pixels]:
    if path.is_dir():
        for image in sorted(path.glob("*.png")):
            yield _read_image(image)
    elif path.suffix.lower() == ".png":
        yield from _split_stacked(_read_image(path))
    else:
        yield from _video_frames(path)


def _video_frames(path: Path) -> Iterator[Pixels]:
    capture = cv2.VideoCapture(str(path))
    try:
        while True:
            read, frame = capture.read()
            if not read:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    finally:
        capture.release()


def _read_image(path: Path) -> Pixels:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ClipError(f"{path}: not a readable image")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _is_stacked(image: Path) -> bool:
    """True for a PNG of square frames side by side, told by its header alone."""
    with image.open("rb") as file:
        header = file.read(24)
    width, height = int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")
    return height > 0 and width >= 2 * height and width % height == 0


def _split_stacked(image: Pixels) -> Iterator[Pixels]:
    size = image.shape[0]
    for left in range(0, image.shape[1] - size + 1, size):
        yield image[:, left : left + size]


def _resize(frame: Pixels, size: int) -> Pixels:
    """Centre square at `size`."""
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = frame[top : top + side, left : left + side]
    if side == size:
        return np.ascontiguousarray(square)
    shrinks = side > size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(square, (size, size), interpolation=method).astype(np.uint8, copy=False)
