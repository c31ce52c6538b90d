"""The portrait: reads a picture file or a pack, and cuts out what the model should see."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from realtime.errors import SourceError
from realtime.faces.detector import FaceDetector
from realtime.fine_detail import FineDetail
from realtime.frames import Background, Pixels, Surroundings, Tensor
from realtime.framing import Crop, centre_crop, cut_around, cut_out, face_crop
from realtime.layers import Layers
from realtime.portraits.background import AUTO, KEEP, read_background
from realtime.portraits.behind import ground_behind, replaced, uncovered
from realtime.portraits.grounds import Behind, Grounds
from realtime.portraits.pack import PLAIN, PackWishes, read_pack
from realtime.portraits.picture_file import BARE, ground_for, laid_over, read_layers, shrunk
from realtime.portraits.pose_file import SavedPose, read_pose

SMALLEST_SIDE_PX = 64
KEPT_SIDE_PX = 1280  # a larger picture is kept at this size: no sink shows more of it
# In sides of the networks' pictures: a square as large as the first at least is shown with its own detail, and none
# larger than the second, since what that takes grows with its area.
FINER, FINEST = 1.2, 2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A picture ready to be encoded: the whole of it [h, w, 3], and the square [s, s, 3] that crop cuts out of it.

    around: the square with a margin [s + 2m, s + 2m, 3], for models that take one. layers: the square's person and what
    is behind, where that keeps still. fine: the square [f, f, 3] as large as the file shows it, where that is larger;
    detail: what is finer there.
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
    fine: Pixels | None = None
    detail: FineDetail | None = None

    @property
    def size_bytes(self) -> int:
        """Memory its pictures take."""
        beside = self.background.picture if self.background else None
        pictures = (self.picture, self.square, self.around, self.fine, beside)
        parts = sum(part.size_bytes for part in (self.layers, self.detail) if part)
        return parts + sum(0 if pixels is None else pixels.nbytes for pixels in pictures)

    @property
    def surroundings(self) -> Surroundings:
        """The whole picture, as the output shows it around the square."""
        return Surroundings(self.picture, self.crop.left_px, self.crop.top_px, self.crop.side_px, self.background)

    def with_ground(self, ground: Pixels, opacity: Tensor) -> "Portrait":
        """The same with its person, where opacity [h, w, 1] is 1, before ground [h, w, 3]."""
        picture, fine, size_px = replaced(self.picture, opacity, ground), self.fine, len(self.square)
        margin_px = 0 if self.around is None else (len(self.around) - size_px) // 2
        square, around = _cut(picture, self.crop, size_px, margin_px)
        if fine is not None:
            person = self._person(opacity, len(fine)).astype(np.float32)[..., None] / np.float32(255)
            fine = replaced(fine, person, cut_out(ground, self.crop, len(fine)))
        return replace(self, picture=picture, square=square, around=around, fine=fine)

    def before(self, ground: Pixels | None, opacity: Tensor) -> "Portrait":
        """The same with its person, where opacity [h, w, 1] is 1, apart from ground [h, w, 3]; None: from its own."""
        size_px = len(self.square)
        person = self._person(opacity, size_px)
        still = uncovered(self.square, person) if ground is None else cut_out(ground, self.crop, size_px)
        return replace(self, layers=Layers(person, still))

    def with_detail(self, told: bool) -> "Portrait":
        """The same, with what its square has finer than the networks' pixels, if they have told how they move it."""
        if self.fine is None or not told:
            return replace(self, fine=None)
        opacity = self.layers.opacity if self.layers else None
        return replace(self, fine=None, detail=FineDetail.of(self.square, self.fine, opacity))

    def _person(self, opacity: Tensor, size_px: int) -> Pixels:
        """[size_px, size_px]: the square's part of opacity [h, w, 1], 255 where that is 1."""
        return cut_out(shrunk(np.rint(opacity[..., 0] * 255).astype(np.uint8), KEPT_SIDE_PX), self.crop, size_px)


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
        return replace(portrait.with_detail(grounds.told), neutral=neutral, background=background)
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
    kept = shrunk(pixels, KEPT_SIDE_PX)
    crop = _wished_crop(kept, wishes) or _portrait_crop(kept, detector)
    fine = _fine_square(pixels, crop, kept.shape[1] / pixels.shape[1], size_px)
    return Portrait(name, kept, crop, *_cut(kept, crop, size_px, margin_px), wishes, fine=fine)


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
        portrait = portrait.with_ground(ground, opacity)
    return portrait.before(ground, opacity) if grounds.told else portrait


def frame_portrait(pixels: Pixels, size_px: int, detector: FaceDetector | None) -> Pixels:
    """[size_px, size_px, 3] uint8: the face in the training framing; the centre square where detector is None.

    Raises SourceError if no face is found.
    """
    return cut_out(pixels, _portrait_crop(pixels, detector), size_px)


def _fine_square(pixels: Pixels, crop: Crop, scale: float, size_px: int) -> Pixels | None:
    """What `crop` shows of a file's pixels, which were kept `scale` times as large; None where that is hardly finer."""
    own = crop if scale == 1 else Crop(crop.left_px / scale, crop.top_px / scale, crop.side_px / scale)
    if own.side_px < FINER * size_px:
        return None
    even = 2 * int(own.side_px / 2)  # as video codecs take it
    return cut_out(pixels, own, min(even, FINEST * size_px))


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
