"""The portrait: reads a picture file or a pack, and cuts out what the model should see."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from realtime.errors import SourceError
from realtime.faces.detector import FaceDetector
from realtime.frames import Background, Pixels, Surroundings, Tensor
from realtime.framing import Crop, centre_crop, cut_around, cut_out, face_crop
from realtime.portraits.background import AUTO, KEEP, read_background
from realtime.portraits.behind import replaced
from realtime.portraits.pack import PLAIN, PackWishes, read_pack
from realtime.portraits.person import PersonFinder
from realtime.portraits.picture_file import BARE, laid_over, read_layers, shrunk
from realtime.portraits.pose_file import SavedPose, read_pose

SMALLEST_SIDE_PX = 64
KEPT_SIDE_PX = 1280  # a larger picture is kept at this size: no sink shows more of it


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """What a user wishes around the person of any portrait.

    beside: where the output is wider, and where a picture is transparent; None leaves it to the portrait's pack.
    behind: keep, or blur, a colour or a file in the place of the picture's own background; auto leaves it to the pack,
    and keeps it where there is none.
    """

    beside: Background | None = None
    behind: str = AUTO
    person: PersonFinder = field(default_factory=PersonFinder)

    def behind_person(self, pack: str | None = None) -> Background | None:
        """What replaces the background, where its pack wishes `pack`; None keeps it. Raises SourceError."""
        wish = (pack or KEEP) if self.behind.lower() == AUTO else self.behind
        return None if wish.lower() == KEEP else read_background(wish)


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A picture ready to be encoded: the whole of it [h, w, 3], and the square [s, s, 3] that crop cuts out of it.

    around: the square with a margin [s + 2m, s + 2m, 3], for models that take one.
    """

    name: str
    picture: Pixels
    crop: Crop
    square: Pixels
    around: Pixels | None = None
    wishes: PackWishes = PLAIN
    neutral: SavedPose | None = None  # the driver's pose that matches the picture, where its pack brings one
    background: Background | None = None  # beside the picture, where its pack wishes one

    @property
    def size_bytes(self) -> int:
        """Memory its pictures take."""
        beside = self.background.picture if self.background else None
        pictures = (self.picture, self.square, self.around, beside)
        return sum(0 if pixels is None else pixels.nbytes for pixels in pictures)

    @property
    def surroundings(self) -> Surroundings:
        """The whole picture, as the output shows it around the square."""
        return Surroundings(self.picture, self.crop.left_px, self.crop.top_px, self.crop.side_px, self.background)

    def with_picture(self, picture: Pixels) -> "Portrait":
        """The same, cut out of another picture of the same size."""
        size_px = self.square.shape[0]
        margin_px = 0 if self.around is None else (self.around.shape[0] - size_px) // 2
        square, around = _cut(picture, self.crop, size_px, margin_px)
        return replace(self, picture=picture, square=square, around=around)


def read_portrait(path: Path) -> Pixels:
    """[h, w, 3] uint8 RGB; what is transparent is grey.

    Raises SourceError if path is missing, no picture, or under 64 pixels on a side.
    """
    pixels, opacity = _read_layers(path)
    return pixels if opacity is None else laid_over(pixels, opacity, BARE)


def _read_layers(path: Path) -> tuple[Pixels, Tensor | None]:
    pixels, opacity = read_layers(path)
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_SIDE_PX:
        raise SourceError(
            f"{path}: {width}x{height} pixels, at least {SMALLEST_SIDE_PX}x{SMALLEST_SIDE_PX} are needed",
            hint="use a larger picture of the face",
        )
    return pixels, opacity


def open_portrait(
    path: Path,
    size_px: int,
    detector: FaceDetector | None,
    network: str = "",
    grounds: Grounds | None = None,
    margin_px: int = 0,
) -> Portrait:
    """The portrait in a picture file, or in a pack: a folder with a portrait.toml. Raises SourceError, naming path.

    network names the graph that finds keypoints: a pack's neutral pose must have been found by the same. margin_px: how
    much of what is around the square the model takes, in its pixels.
    """
    pack = read_pack(path)
    grounds = grounds or Grounds()
    try:
        background = read_background(pack.background) if pack.background else None
        behind = grounds.behind_person(pack.behind)
        pixels, opacity = _read_layers(pack.image)
        if opacity is not None:  # the file itself says where the person is
            pixels = laid_over(pixels, opacity, _named(behind) or grounds.beside or background or BARE)
            behind = None
        portrait = make_portrait(path.stem, pixels, size_px, detector, pack.wishes, margin_px)
        portrait = before_ground(behind, portrait, grounds.person)
        neutral = read_pose(pack.neutral, network) if pack.neutral else None
        return replace(portrait, neutral=neutral, background=background)
    except SourceError as error:
        named = error.message if str(path) in error.message else f"{path}: {error.message}"
        raise SourceError(named, hint=error.hint) from None


def make_portrait(
    name: str,
    pixels: Pixels,
    size_px: int,
    detector: FaceDetector | None,
    wishes: PackWishes = PLAIN,
    margin_px: int = 0,
) -> Portrait:
    """The portrait in pixels [h, w, 3], framed as in training or as wishes say. Raises SourceError without a face."""
    pixels = shrunk(pixels, KEPT_SIDE_PX)
    crop = _wished_crop(pixels, wishes) or _portrait_crop(pixels, detector)
    return Portrait(name, pixels, crop, *_cut(pixels, crop, size_px, margin_px), wishes)


def before_ground(behind: Background | None, portrait: Portrait, person: PersonFinder) -> Portrait:
    """The portrait's person before another ground; the portrait as it is for None.

    Raises SourceError where no person is found.
    """
    if behind is None:
        return portrait
    return portrait.with_picture(replaced(portrait.picture, person.opacity(portrait.picture, portrait.crop), behind))


def frame_portrait(pixels: Pixels, size_px: int, detector: FaceDetector | None) -> Pixels:
    """[size_px, size_px, 3] uint8: the face in the training framing; the centre square where detector is None.

    Raises SourceError if no face is found.
    """
    return cut_out(pixels, _portrait_crop(pixels, detector), size_px)


def _cut(picture: Pixels, crop: Crop, size_px: int, margin_px: int) -> tuple[Pixels, Pixels | None]:
    """The square, and the same with its margin if there is one."""
    if not margin_px:
        return cut_out(picture, crop, size_px), None
    around = cut_around(picture, crop, size_px, margin_px)
    return np.ascontiguousarray(around[margin_px:-margin_px, margin_px:-margin_px]), around


def _named(ground: Background | None) -> Background | None:
    """A ground that is a colour or a picture; blurring nothing gives nothing."""
    return ground if ground is not None and (ground.colour is not None or ground.picture is not None) else None


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
