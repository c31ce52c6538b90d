"""The canvas: a portrait fitted, never stretched, into the output size, with the badge; and the away picture."""

from realtime.frames import AnimatedFrame, Background, Pixels, Place, Size, Surroundings
from realtime.output.backdrop import backdrop, blurred_cover
from realtime.output.badge import Badge
from realtime.output.fitting import fitted_size, size_of
from realtime.output.scene import FEATHER, HELD_FEATHER, Scene, portrait_scene, square_scene

PAUSE_LIGHT = 235

BLURRED = Background()


class Canvas:
    """Composes pictures [height, width, 3] uint8 of one size; keeps what depends on the portrait alone. One thread.

    Of a portrait it shows what its frame says: the animated square alone, as far as the picture reaches, or the whole
    picture with the square pasted back into it. background is beside it; None: what its owner wishes, else blurred.
    """

    def __init__(
        self,
        size: Size,
        badge: bool = True,
        away_picture: Pixels | None = None,
        background: Background | None = None,
    ) -> None:
        self.size = size
        self.background = background
        self._badge = Badge(size) if badge else None
        self._away_picture = away_picture
        self._scene: tuple[AnimatedFrame, Background | None, Scene] | None = None

    def portrait(self, frame: AnimatedFrame) -> Pixels:
        """The portrait of frame, fitted, as frame moves it."""
        return self._with_square(frame, frame.pixels)

    def at_rest(self, frame: AnimatedFrame) -> Pixels:
        """The portrait of frame, fitted, unmoved."""
        return self._with_square(frame, frame.resting)

    def square(self, frame: AnimatedFrame) -> Place:
        """Where the animated square of frame lies in the picture."""
        return self._scene_of(frame).square

    def away(self, resting: Pixels) -> Pixels:
        """The away picture: the user's own, fitted; else the portrait blurred beyond recognition, with a pause sign."""
        if self._away_picture is None:
            return _with_pause_sign(blurred_cover(resting, self.size))
        beside = blurred_cover(self._away_picture, self.size)
        scene = square_scene(beside, size_of(self._away_picture))
        return self._marked(scene.with_square(self._away_picture), scene.fitted)

    def _with_square(self, frame: AnimatedFrame, square: Pixels) -> Pixels:
        scene = self._scene_of(frame)
        return self._marked(scene.with_square(square), scene.fitted)

    def _marked(self, picture: Pixels, portrait: Size) -> Pixels:
        return self._badge.on(picture, portrait) if self._badge else picture

    def _scene_of(self, frame: AnimatedFrame) -> Scene:
        """The scene for the portrait of frame, made anew when the portrait or what is shown of it has changed."""
        kept = self._scene
        if kept is None or not _alike(kept[0], frame) or kept[1] is not self.background:
            self._scene = kept = frame, self.background, self._made_scene(frame)
        return kept[2]

    def _made_scene(self, frame: AnimatedFrame) -> Scene:
        around = frame.surroundings
        wished = self.background or (around.background if around else None) or BLURRED
        behind = backdrop(wished, frame.resting, self.size)
        shown = _shown_with_square(frame)
        if shown is not None:
            return portrait_scene(behind, shown, frame.mirrored, HELD_FEATHER if frame.held else FEATHER)
        return square_scene(behind, size_of(frame.resting), frame.mirrored)


def natural_size(frame: AnimatedFrame) -> Size:
    """Of an output that shows what frame does, as large as the animated square or the portrait's picture.

    Even, as every video codec takes it.
    """
    shown = _shown_with_square(frame)
    size = size_of(shown.picture if shown else frame.pixels)
    if frame.part == "square":
        size = fitted_size(size, size_of(frame.pixels))
    return Size(size.width_px - size.width_px % 2, size.height_px - size.height_px % 2)


def _alike(one: AnimatedFrame, other: AnimatedFrame) -> bool:
    """Whether both show the same of the same portrait, however it is moved."""
    return one.resting is other.resting and (one.part, one.held) == (other.part, other.held)


def _shown_with_square(frame: AnimatedFrame) -> Surroundings | None:
    """The picture that the square lies in; None where the square is all that is shown."""
    around = frame.surroundings
    if around is None or frame.part == "portrait":
        return around
    return around.within_square()


def _with_pause_sign(picture: Pixels) -> Pixels:
    """Two bars in the middle, needing no language; writes into picture."""
    height, width = picture.shape[:2]
    bar_height, bar_width = round(height * 0.2), max(1, round(height * 0.055))
    top = (height - bar_height) // 2
    for middle in (width // 2 - bar_width, width // 2 + bar_width):
        left = middle - bar_width // 2
        picture[top : top + bar_height, left : left + bar_width] = PAUSE_LIGHT
    return picture
