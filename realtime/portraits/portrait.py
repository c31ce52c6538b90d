"""The portrait: reads a picture file or a pack, and cuts out what the model should see."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from realtime.errors import SourceError
from realtime.faces.detector import FaceDetector
from realtime.frames import Background, Pixels, Surroundings, Tensor
from realtime.framing import Crop, centre_crop, cut_around, cut_out, face_crop
from realtime.layers import Layers
from realtime.portraits.background import AUTO, KEEP, OWN, STILL, Own, read_background
from realtime.portraits.behind import ground_behind, replaced, uncovered
from realtime.portraits.pack import PLAIN, PackWishes, read_pack
from realtime.portraits.person import PersonFinder
from realtime.portraits.picture_file import BARE, ground_for, laid_over, read_layers, shrunk
from realtime.portraits.pose_file import SavedPose, read_pose

SMALLEST_SIDE_PX = 64
KEPT_SIDE_PX = 1280  # a larger picture is kept at this size: no sink shows more of it

Behind: TypeAlias = Background | Own

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """What a user wishes around the person of any portrait.

    beside: where the output is wider, and where a picture is transparent; None leaves it to the portrait's pack.
    behind: still, the picture's own background, which does not move with the person; keep, where it does; blur, a
    colour or a file in its place, which do not either. auto leaves it to the pack; without one it is still, if the
    person can be told from it. told: whether the networks tell their motion, without which nothing is held still.
    """

    beside: Background | None = None
    behind: str = AUTO
    person: PersonFinder = field(default_factory=PersonFinder)
    told: bool = True

    def behind_person(self, pack: str | None = None) -> Behind:
        """What is behind the person, where its pack wishes `pack`. Raises SourceError."""
        wish = (pack or AUTO) if self.behind.lower() == AUTO else self.behind
        named = next((name for name in OWN if name == wish.lower()), None)
        if named == STILL and not self.told:
            raise SourceError("the bundle does not tell its motion", hint="export it anew, or --behind keep")
        return named or read_background(wish)


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A picture ready to be encoded: the whole of it [h, w, 3], and the square [s, s, 3] that crop cuts out of it.

    around: the square with a margin [s + 2m, s + 2m, 3], for models that take one. layers: the square's person and what
    is behind, where that keeps still.
    """

    name: str
    picture: Pixels
    crop: Crop
    square: Pixels
    around: Pixels | None = None
    wishes: PackWishes = PLAIN
    neutral: SavedPose | None = None  # the driver's pose that matches the picture, where its pack brings one
    background: Background | None = None  # beside the picture, where its pack wishes one
    layers: Layers | None = None

    @property
    def size_bytes(self) -> int:
        """Memory its pictures take."""
        beside = self.background.picture if self.background else None
        pictures = (self.picture, self.square, self.around, beside)
        layers = self.layers.size_bytes if self.layers else 0
        return layers + sum(0 if pixels is None else pixels.nbytes for pixels in pictures)

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

    def before(self, ground: Pixels | None, opacity: Tensor) -> "Portrait":
        """The same with its person, where opacity [h, w, 1] is 1, apart from ground [h, w, 3]; None: from its own."""
        size_px = len(self.square)
        person = cut_out(shrunk(np.rint(opacity[..., 0] * 255).astype(np.uint8), KEPT_SIDE_PX), self.crop, size_px)
        still = uncovered(self.square, person) if ground is None else cut_out(ground, self.crop, size_px)
        return replace(self, layers=Layers(person, still))


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
        below = _named(behind) or grounds.beside or background or BARE
        if opacity is not None:  # the file itself says where the person is
            pixels = laid_over(pixels, opacity, below)
        portrait = make_portrait(path.stem, pixels, size_px, detector, pack.wishes, margin_px)
        if opacity is None:
            portrait = before_ground(behind, portrait, grounds)
        elif behind != KEEP and grounds.told:
            portrait = portrait.before(ground_for(below, *portrait.picture.shape[:2]), opacity)
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


def before_ground(behind: Behind, portrait: Portrait, grounds: Grounds) -> Portrait:
    """The portrait's person before what is wished behind; as it is for keep, and for auto if no person is found.

    Raises SourceError where no person is found that was asked for.
    """
    if behind == KEEP or (behind == AUTO and not grounds.told):
        return portrait
    try:
        opacity = grounds.person.opacity(portrait.picture, portrait.crop)
    except SourceError as error:
        if behind != AUTO:
            raise
        log.info("%s: %s, which moves with it", portrait.name, error.message)
        return portrait
    ground = None
    if isinstance(behind, Background):
        ground = ground_behind(portrait.picture, opacity, behind)
        portrait = portrait.with_picture(replaced(portrait.picture, opacity, ground))
    return portrait.before(ground, opacity) if grounds.told else portrait


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


def _named(ground: Behind) -> Background | None:
    """A ground that is a colour or a picture; blurring nothing gives nothing."""
    if not isinstance(ground, Background) or (ground.colour is None and ground.picture is None):
        return None
    return ground


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
