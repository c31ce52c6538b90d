"""What a portrait's picture has that is finer than the networks' pixels: moved as they move it, and added to theirs."""

from dataclasses import dataclass

import cv2
import numpy as np

from realtime.frames import Pixels, Tensor
from realtime.ground import mirrored_inwards, widened
from realtime.layers import moved_by, resized

# Of 255 grey levels: nearer than the first to the portrait, a place shows it as it was moved; from the second on it
# shows something else, as in a mouth that opens, and no detail is known of that.
ALIKE, FOREIGN = 4.0, 16.0
CRISPNESS, SOFTNESS = 0.8, 0.7  # how much is added of what is finer than so many pixels of the networks'
COARSE, NEIGHBOURHOOD = 2, 3  # pixels of the networks' in one cell of what is compared, and cells that count together


@dataclass(frozen=True, slots=True, eq=False)
class FineDetail:
    """Of a square whose picture is larger than the networks'.

    shades: [c, c] uint8, its grey levels, coarser than the networks see them. moving: [f, f], what its own picture has
    finer than they do, in grey levels. still: [f, f], the same of what is behind the person; None where nothing keeps
    still.
    """

    shades: Pixels
    moving: Tensor
    still: Tensor | None = None

    @classmethod
    def of(cls, square: Pixels, fine: Pixels, opacity: Pixels | None = None) -> "FineDetail":
        """Of the square [s, s, 3] that the networks see and the same larger, fine [f, f, 3].

        opacity: [s, s], 255 where the person is, if what is behind keeps still.
        """
        grey = cv2.cvtColor(fine, cv2.COLOR_RGB2GRAY).astype(np.float32)
        moving = grey - resized(resized(grey, len(square), cv2.INTER_AREA), len(fine), cv2.INTER_CUBIC)
        shades = _shades(square)
        if opacity is None:
            return cls(shades, moving)
        person = resized(widened(opacity), len(fine))
        apart = moving * (1 - person.astype(np.float32) / np.float32(255))
        return cls(shades, moving, mirrored_inwards(apart, person > 0))

    @property
    def size_bytes(self) -> int:
        """Memory it takes."""
        return self.shades.nbytes + self.moving.nbytes + (0 if self.still is None else self.still.nbytes)


def detailed(picture: Pixels, displacement: Tensor, detail: FineDetail, ground: Tensor | None = None) -> Pixels:
    """`picture` [s, s, 3], as large as the detail and with it: [f, f, 3].

    What shows something else than the portrait has no such detail, and is made crisper. displacement [h, h, 2]: how far
    from each place the portrait was read, in [-1, 1]. ground [s, s]: the share of each place that shows what is behind
    the person, which has not moved.
    """
    fine_px = len(detail.moving)
    portraits = _as_the_portrait(picture, displacement, detail)
    others = 1 - portraits
    if ground is not None and detail.still is not None:
        persons = 1 - resized(ground, len(portraits))
        portraits, others = portraits * persons, others * persons
    added = moved_by(displacement, detail.moving)
    added *= resized(portraits, fine_px)
    added += resized(_finest(picture) * resized(others, len(picture)), fine_px)
    if ground is not None and detail.still is not None:
        added += detail.still * resized(ground, fine_px)
    return _with_levels(resized(picture, fine_px, cv2.INTER_CUBIC), added)


def _as_the_portrait(picture: Pixels, displacement: Tensor, detail: FineDetail) -> Tensor:
    """[c, c]: 1 where the picture shows what was read from the portrait there, 0 where it shows something else."""
    away = cv2.absdiff(_shades(picture), moved_by(displacement, detail.shades)).astype(np.float32)
    near = cv2.blur(away, (NEIGHBOURHOOD, NEIGHBOURHOOD))
    return np.asarray(((FOREIGN - near) / np.float32(FOREIGN - ALIKE)).clip(0, 1), np.float32)


def _finest(picture: Pixels) -> Tensor:
    """[s, s]: so many grey levels that a picture [s, s, 3] is as crisp enlarged as it was."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(grey, (0, 0), SOFTNESS)
    return np.asarray(cv2.addWeighted(grey, CRISPNESS, soft, -CRISPNESS, 0, dtype=cv2.CV_32F), np.float32)


def _shades(picture: Pixels) -> Pixels:
    """[c, c] uint8 of a picture [s, s, 3]."""
    coarse = resized(picture, len(picture) // COARSE, cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(coarse, cv2.COLOR_RGB2GRAY), np.uint8)


def _with_levels(picture: Pixels, added: Tensor) -> Pixels:
    """`picture` [f, f, 3] with so many grey levels [f, f] more or less. In bytes: in floats it would take longer."""
    lighter, darker = (
        cv2.cvtColor(cv2.addWeighted(added, sign, added, 0, 0, dtype=cv2.CV_8U), cv2.COLOR_GRAY2RGB) for sign in (1, -1)
    )
    return np.asarray(cv2.subtract(cv2.add(picture, lighter), darker), np.uint8)
