"""The values that flow through the runtime, and the two converters at the border of the graphs."""

from dataclasses import dataclass, replace
from enum import Enum
from math import ceil, floor
from typing import Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
Tensor: TypeAlias = NDArray[np.float32]
# What of a portrait is shown: the square that is animated, or the whole picture with the square in it.
Part: TypeAlias = Literal["square", "portrait"]


class Sides(NamedTuple):
    """Something of each side of a square."""

    left: bool = False
    right: bool = False
    top: bool = False
    bottom: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the driver, from a camera. No sink takes it: only an OutputFrame leaves the program.

    pixels: [h, w, 3] uint8 RGB. index: counts up from 0 at the camera. captured_at: seconds; time.monotonic() in a live
    run, time within the clip in an offline run.
    """

    pixels: Pixels
    index: int
    captured_at: float


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What a portrait's bars show: a picture [h, w, 3], one colour, or, with neither, the portrait itself blurred."""

    picture: Pixels | None = None
    colour: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """A whole portrait: picture [h, w, 3], and where in it, in its pixels, the square is that gets animated.

    The square may reach outside. background: what the portrait's owner wishes beside it, if anything.
    """

    picture: Pixels
    left_px: float
    top_px: float
    side_px: float
    background: Background | None = None

    @property
    def beyond(self) -> Sides:
        """On which sides of the square the picture goes on by a pixel at least."""
        height, width = self.picture.shape[:2]
        right, bottom = width - self.left_px - self.side_px, height - self.top_px - self.side_px
        return Sides(self.left_px >= 1, right >= 1, self.top_px >= 1, bottom >= 1)

    def mirrored(self) -> "Surroundings":
        """All of it as a mirror shows it."""
        height, width = self.picture.shape[:2]
        turned = np.ascontiguousarray(self.picture[:, ::-1])
        return replace(self, picture=turned, left_px=width - self.left_px - self.side_px)

    def within_square(self) -> "Surroundings | None":
        """What of the picture the square shows, where it reaches outside and shows more than that; None elsewhere."""
        height, width = self.picture.shape[:2]
        right, bottom = self.left_px + self.side_px, self.top_px + self.side_px
        if min(self.left_px, self.top_px) >= 0 and right <= width and bottom <= height:
            return None
        left, top = max(0, ceil(self.left_px)), max(0, ceil(self.top_px))
        shown = self.picture[top : floor(bottom), left : floor(right)]
        if not shown.size:
            return None
        return replace(self, picture=shown, left_px=self.left_px - left, top_px=self.top_px - top)


@dataclass(frozen=True, slots=True, eq=False)
class AnimatedFrame:
    """The portrait at one moment of the driver. Only realtime/showing.py makes one, which knows no camera's frames.

    pixels: [h, w, 3] uint8 RGB. resting: the same portrait unmoved, same shape; one array for as long as it is shown.
    index, captured_at: of the driver's frame. driven: whether a driver moves it; False while no face is seen. mirrored:
    whether all its pictures are turned round as in a mirror. surroundings: the whole picture that the square is of.
    part: what of it is to be shown. held: whether the square keeps still along its border where the picture goes on.
    """

    pixels: Pixels
    resting: Pixels
    index: int
    captured_at: float
    driven: bool = True
    mirrored: bool = False
    surroundings: Surroundings | None = None
    part: Part = "square"
    held: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where the animated square lies in an output picture, in its pixels; it may reach outside.

    mirrored: the square is seen as in a mirror there.
    """

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    mirrored: bool = False


class OutputState(Enum):
    """What an output picture shows, from the best to the last resort."""

    LIVE = "live"
    HOLD = "hold"
    NEUTRAL = "neutral portrait"
    AWAY = "away"


@dataclass(frozen=True, slots=True, eq=False)
class OutputFrame:
    """What a sink shows, and the only thing a sink takes. Only realtime/output/machine.py makes one.

    pixels: [h, w, 3] uint8 RGB at the output size; nobody writes into them. index: counts output pictures from 0.
    shown_at: when it is due at the sinks, seconds on the clock of captured_at. driver_index and captured_at: of the
    driver's frame it shows; None where it shows no driver (any state but LIVE). square: where the animated square lies;
    None in the away picture.
    """

    pixels: Pixels
    index: int
    shown_at: float
    state: OutputState
    driver_index: int | None = None
    captured_at: float | None = None
    square: Place | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """Of a picture."""

    width_px: int
    height_px: int

    def __str__(self) -> str:
        return f"{self.width_px}x{self.height_px}"


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Where the parts of a face are: mean [k, 2] float32 as x, y in [-1, 1]; covariance [k, 2, 2] float32."""

    mean: Tensor
    covariance: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where the portrait's own keypoints must go; never raw webcam keypoints."""

    target: Keypoints


def pixels_to_tensor(pixels: Pixels) -> Tensor:
    """[1, 3, h, w] float32 in [0, 1], from [h, w, 3] uint8."""
    planes = pixels.transpose(2, 0, 1)[None]  # 1 c h w
    return np.multiply(planes, np.float32(1 / 255), order="C", dtype=np.float32)


def source_tensors(image: Tensor, margin: int) -> dict[str, Tensor]:
    """What `encode_source` takes where a portrait is its square image [1, 3, s, s] alone: its border is repeated.

    margin: how many pixels of what is around a square the model takes, on each side.
    """
    beyond = ((0, 0), (0, 0), (margin, margin), (margin, margin))
    return {"image": image} | ({"around": np.pad(image, beyond, "edge")} if margin else {})


def tensor_to_pixels(tensor: Tensor) -> Pixels:
    """[h, w, 3] uint8, from [1, 3, h, w] float32; values outside [0, 1] are clipped."""
    picture = cv2.merge(list(np.maximum(tensor[0], 0)))  # h w c
    return np.asarray(cv2.convertScaleAbs(picture, alpha=255), np.uint8)  # rounded, and no more than 255
