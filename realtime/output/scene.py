"""A scene: all of an output picture that stays while a portrait moves, and where the moving square goes into it."""

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np

from realtime.frames import Pixels, Place, Size, Surroundings, Tensor
from realtime.output.fitting import centred, fitted_size, resized, size_of
from realtime.ramp import ramp

# Of the square's side: how far the animated part fades into the picture around it, and one that keeps still there.
FEATHER, HELD_FEATHER = 0.12, 0.05


@dataclass(frozen=True, slots=True)
class _Window:
    """A rectangle of whole pixels, from its first to before its last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def of(self) -> tuple[slice, slice]:
        """Indexes an array [h, w, ...]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def shared_with(self, other: "_Window") -> "_Window":
        """What both cover; empty, not negative, where they do not meet."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return _Window(left, top, max(left, min(self.right, other.right)), max(top, min(self.bottom, other.bottom)))

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is in it."""
        return self.right <= self.left or self.bottom <= self.top


@dataclass(frozen=True, slots=True, eq=False)
class _Seam:
    """A strip where square and portrait mix: where, what lies under it [h, w, 3], the shares [h, w] of both; sum 1."""

    where: _Window
    under: Pixels
    moving: Tensor
    still: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Made once for a portrait, used for every frame.

    fitted: the portrait's size in the picture, in whose middle it is. square: where the animated square goes.
    """

    base: Pixels
    fitted: Size
    square: Place
    visible: _Window  # what of the square is seen
    seams: tuple[_Seam, ...] = ()

    def with_square(self, pixels: Pixels) -> Pixels:
        """A picture of its own [h, w, 3] that shows pixels, the animated square [s, s, 3], in its place."""
        square = resized(pixels, Size(self.square.width_px, self.square.height_px))
        if square.shape == self.base.shape:
            return square
        picture = self.base.copy()
        picture[self.visible.of] = square[_within(self.visible, self.square).of]
        for seam in self.seams:
            picture[seam.where.of] = cv2.blendLinear(picture[seam.where.of], seam.under, seam.moving, seam.still)
        return picture


def square_scene(backdrop: Pixels, square: Size, mirrored: bool = False) -> Scene:
    """The square alone, as large as it fits, on backdrop [h, w, 3]."""
    canvas = size_of(backdrop)
    fitted = fitted_size(square, canvas)
    place = Place(*centred(fitted, canvas), fitted.width_px, fitted.height_px, mirrored)
    return Scene(backdrop, fitted, place, _window(place))


def portrait_scene(backdrop: Pixels, around: Surroundings, mirrored: bool = False, feather: float = FEATHER) -> Scene:
    """The whole portrait, as large as it fits, on backdrop [h, w, 3]; the square is pasted into it without a seam."""
    canvas = size_of(backdrop)
    fitted = fitted_size(size_of(around.picture), canvas)
    portrait = _window(Place(*centred(fitted, canvas), fitted.width_px, fitted.height_px))
    base = backdrop.copy()
    base[portrait.of] = resized(around.picture, fitted)
    place = _square_in(portrait, around, mirrored)
    return Scene(base, fitted, place, _window(place).shared_with(portrait), _seams(base, place, portrait, feather))


def _seams(base: Pixels, square: Place, portrait: _Window, feather: float) -> tuple[_Seam, ...]:
    """The strips along the square's edges, but not where the portrait ends there anyway; without overlap."""
    edges = _window(square)
    across, down = ceil(feather * square.width_px), ceil(feather * square.height_px)
    left = edges.left + (across if edges.left > portrait.left else 0)
    right = edges.right - (across if edges.right < portrait.right else 0)
    top = edges.top + (down if edges.top > portrait.top else 0)
    bottom = edges.bottom - (down if edges.bottom < portrait.bottom else 0)
    strips = (
        _Window(edges.left, edges.top, edges.right, top),
        _Window(edges.left, bottom, edges.right, edges.bottom),
        _Window(edges.left, top, left, bottom),
        _Window(right, top, edges.right, bottom),
    )
    shares = _shares(square, portrait, feather)
    visible = [strip.shared_with(portrait) for strip in strips]
    return tuple(_seam(base, strip, shares[_within(strip, square).of]) for strip in visible if not strip.is_empty)


def _seam(base: Pixels, where: _Window, moving: Tensor) -> _Seam:
    return _Seam(where, base[where.of].copy(), np.ascontiguousarray(moving), 1 - moving)


def _square_in(portrait: _Window, around: Surroundings, mirrored: bool) -> Place:
    """The square in pixels of the output, the portrait's picture being scaled into the window portrait."""
    height, width = around.picture.shape[:2]
    across, down = (portrait.right - portrait.left) / width, (portrait.bottom - portrait.top) / height
    left, right = (round(portrait.left + x * across) for x in (around.left_px, around.left_px + around.side_px))
    top, bottom = (round(portrait.top + y * down) for y in (around.top_px, around.top_px + around.side_px))
    return Place(left, top, max(1, right - left), max(1, bottom - top), mirrored)


def _shares(square: Place, portrait: _Window, feather: float) -> Tensor:
    """[h, w] over the square: 1 inside, falling to 0 at its edges, but not where the portrait ends there anyway."""
    edges = _window(square)
    columns = ramp(square.width_px, 0, feather, edges.left > portrait.left, edges.right < portrait.right)
    rows = ramp(square.height_px, 0, feather, edges.top > portrait.top, edges.bottom < portrait.bottom)
    return rows[:, None] * columns[None, :]


def _window(place: Place) -> _Window:
    return _Window(place.left_px, place.top_px, place.left_px + place.width_px, place.top_px + place.height_px)


def _within(window: _Window, place: Place) -> _Window:
    """window as seen from the place's corner."""
    left, top = place.left_px, place.top_px
    return _Window(window.left - left, window.top - top, window.right - left, window.bottom - top)
