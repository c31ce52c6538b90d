"""The portrait: reads a picture file or a pack, and cuts out what the model should see."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from realtime.errors import SourceError
from realtime.face_detector import FaceDetector
from realtime.frames import Pixels
from realtime.framing import Crop, centre_crop, cut_out, face_crop
from realtime.portrait_pack import PLAIN, PackWishes, read_pack
from realtime.pose_file import SavedPose, read_pose

SMALLEST_SIDE_PX = 64
LARGEST_PIXELS = 100_000_000  # a picture that unpacks to more is not a portrait
KEPT_SIDE_PX = 1280  # a larger picture is kept at this size: no sink shows more of it


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A picture ready to be encoded: the whole of it [h, w, 3], and the square [s, s, 3] that crop cuts out of it."""

    name: str
    picture: Pixels
    crop: Crop
    square: Pixels
    wishes: PackWishes = PLAIN
    neutral: SavedPose | None = None  # the driver's pose that matches the picture, where its pack brings one


def read_portrait(path: Path) -> Pixels:
    """[h, w, 3] uint8 RGB. Raises SourceError if path is missing, no picture, or under 64 pixels on a side."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror})", hint="name a picture file with --source, e.g. --source me.jpg"
        ) from None
    pixels = _decoded(data)
    if pixels is None:
        raise SourceError(f"{path}: not a picture this program can read", hint="use a JPEG, PNG or WebP file")
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_SIDE_PX:
        raise SourceError(
            f"{path}: {width}x{height} pixels, at least {SMALLEST_SIDE_PX}x{SMALLEST_SIDE_PX} are needed",
            hint="use a larger picture of the face",
        )
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def open_portrait(path: Path, size_px: int, detector: FaceDetector | None, network: str = "") -> Portrait:
    """The portrait in a picture file, or in a pack: a folder with a portrait.toml. Raises SourceError, naming path.

    network names the graph that finds keypoints: a pack's neutral pose must have been found by the same.
    """
    pack = read_pack(path)
    try:
        portrait = make_portrait(path.stem, read_portrait(pack.image), size_px, detector, pack.wishes)
        return replace(portrait, neutral=read_pose(pack.neutral, network)) if pack.neutral else portrait
    except SourceError as error:
        named = error.message if str(path) in error.message else f"{path}: {error.message}"
        raise SourceError(named, hint=error.hint) from None


def make_portrait(
    name: str, pixels: Pixels, size_px: int, detector: FaceDetector | None, wishes: PackWishes = PLAIN
) -> Portrait:
    """The portrait in pixels [h, w, 3], framed as in training or as wishes say. Raises SourceError without a face."""
    scale = KEPT_SIDE_PX / max(pixels.shape[:2])
    if scale < 1:
        pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    crop = _wished_crop(pixels, wishes) or _portrait_crop(pixels, detector)
    return Portrait(name, pixels, crop, cut_out(pixels, crop, size_px), wishes)


def frame_portrait(pixels: Pixels, size_px: int, detector: FaceDetector | None) -> Pixels:
    """[size_px, size_px, 3] uint8: the face in the training framing; the centre square where detector is None.

    Raises SourceError if no face is found.
    """
    return cut_out(pixels, _portrait_crop(pixels, detector), size_px)


def _decoded(data: "np.ndarray") -> Pixels | None:
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # a picture so large that OpenCV refuses it
        return None
    if pixels is None or pixels.shape[0] * pixels.shape[1] > LARGEST_PIXELS:
        return None
    return np.asarray(pixels, np.uint8)


def _wished_crop(pixels: Pixels, wishes: PackWishes) -> Crop | None:
    if wishes.crop is None:
        return None
    height, width = pixels.shape[:2]
    left, top, side = wishes.crop
    return Crop(round(left * width), round(top * height), max(1, round(side * width)))


def _portrait_crop(pixels: Pixels, detector: FaceDetector | None) -> Crop:
    height, width = pixels.shape[:2]
    if detector is None:
        return centre_crop(height, width)
    faces = detector.detect(pixels)
    if not faces:
        raise SourceError(
            "no face found in the source picture",
            hint="use a picture that shows one face from the front, or pass --crop none to use its centre square",
        )
    return face_crop(faces[0], height, width)
