"""The portrait: reads a picture file or a pack, and cuts out what the model should see."""

from dataclasses import dataclass, replace
from pathlib import Path

from realtime.errors import SourceError
from realtime.faces.detector import FaceDetector
from realtime.frames import Background, Pixels, Surroundings
from realtime.framing import Crop, centre_crop, cut_out, face_crop
from realtime.portraits.background import read_background
from realtime.portraits.pack import PLAIN, PackWishes, read_pack
from realtime.portraits.picture_file import BARE, read_picture, shrunk
from realtime.portraits.pose_file import SavedPose, read_pose

SMALLEST_SIDE_PX = 64
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
    background: Background | None = None  # beside the picture, where its pack wishes one

    @property
    def size_bytes(self) -> int:
        """Memory its pictures take."""
        beside = self.background.picture if self.background else None
        return self.picture.nbytes + self.square.nbytes + (0 if beside is None else beside.nbytes)

    @property
    def surroundings(self) -> Surroundings:
        """The whole picture, as the output shows it around the square."""
        return Surroundings(self.picture, self.crop.left_px, self.crop.top_px, self.crop.side_px, self.background)


def read_portrait(path: Path, behind: Background = BARE) -> Pixels:
    """[h, w, 3] uint8 RGB; what is transparent shows behind, or grey.

    Raises SourceError if path is missing, no picture, or under 64 pixels on a side.
    """
    pixels = read_picture(path, behind)
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_SIDE_PX:
        raise SourceError(
            f"{path}: {width}x{height} pixels, at least {SMALLEST_SIDE_PX}x{SMALLEST_SIDE_PX} are needed",
            hint="use a larger picture of the face",
        )
    return pixels


def open_portrait(
    path: Path, size_px: int, detector: FaceDetector | None, network: str = "", behind: Background | None = None
) -> Portrait:
    """The portrait in a picture file, or in a pack: a folder with a portrait.toml. Raises SourceError, naming path.

    network names the graph that finds keypoints: a pack's neutral pose must have been found by the same. behind is
    seen where the picture is transparent; without it, what the pack wishes.
    """
    pack = read_pack(path)
    try:
        background = read_background(pack.background) if pack.background else None
        pixels = read_portrait(pack.image, behind or background or BARE)
        portrait = make_portrait(path.stem, pixels, size_px, detector, pack.wishes)
        neutral = read_pose(pack.neutral, network) if pack.neutral else None
        return replace(portrait, neutral=neutral, background=background)
    except SourceError as error:
        named = error.message if str(path) in error.message else f"{path}: {error.message}"
        raise SourceError(named, hint=error.hint) from None


def make_portrait(
    name: str, pixels: Pixels, size_px: int, detector: FaceDetector | None, wishes: PackWishes = PLAIN
) -> Portrait:
    """The portrait in pixels [h, w, 3], framed as in training or as wishes say. Raises SourceError without a face."""
    pixels = shrunk(pixels, KEPT_SIDE_PX)
    crop = _wished_crop(pixels, wishes) or _portrait_crop(pixels, detector)
    return Portrait(name, pixels, crop, cut_out(pixels, crop, size_px), wishes)


def frame_portrait(pixels: Pixels, size_px: int, detector: FaceDetector | None) -> Pixels:
    """[size_px, size_px, 3] uint8: the face in the training framing; the centre square where detector is None.

    Raises SourceError if no face is found.
    """
    return cut_out(pixels, _portrait_crop(pixels, detector), size_px)


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
