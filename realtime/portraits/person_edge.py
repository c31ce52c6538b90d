"""Where exactly a person ends, of whom a mask tells roughly: by the colours of both sides, and along their edges."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.frames import Pixels, Tensor

BAND = 0.04  # of the side: so near the mask's edge colours have a say
BINS, BIN_WIDTHS, LOWEST = 16, (16, 6, 6), (0, 80, 80)  # of Lab's lightness and two colours, in bytes
SOFTENED = (0.25, 0.5, 0.25)  # how much of what is counted in a bin also counts in the bins beside it
RARE = 3e-4  # a colour as rare as that tells little
CERTAIN, CLEAREST = 0.02, 6.0  # the mask's odds, and the natural logarithm of the colours', go no further than these
NEIGHBOURS = 5  # pixels whose colours count together
DOUBT = 0.15  # what the mask is not sure of counts as no person, what it is nearly sure of as sure
FILTER_RADIUS, FILTER_SMOOTHNESS = 1 / 80, 1e-4  # share of the longer side; variance in which an edge is one


def weighed_by_colours(mask: Tensor, pixels: Pixels) -> Tensor:
    """The mask [s, s] in [0, 1] near its own edge as likely as itself and the colours of pixels [s, s, 3] say.

    By Bayes' rule; how often a colour is the person's, and how often the background's, is counted where both are
    certain. Where those are alike they change nothing to speak of; a mask without two sides is left as it is.
    """
    person = (mask > 0.5).astype(np.uint8)
    reach = 2 * round(BAND * len(mask)) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    inside, outside = cv2.erode(person, around) > 0, cv2.dilate(person, around) == 0
    if not inside.any() or not outside.any():
        return mask
    colours = _colours(pixels)
    own, others = (_frequencies(colours, side)[colours] + RARE for side in (inside, outside))
    told = cv2.blur(np.log(own / others), (NEIGHBOURS, NEIGHBOURS)).clip(-CLEAREST, CLEAREST)
    before = mask.clip(CERTAIN, 1 - CERTAIN)
    odds = before / (1 - before) * np.exp(told)
    return np.asarray(np.where(inside | outside, mask, odds / (1 + odds)), np.float32)


def laid_along_edges(mask: Tensor, pixels: Pixels) -> Tensor:
    """The mask [h, w] as a local linear function of the picture (guided filter; He et al., 2010, eq. 5 to 8)."""
    guide: Tensor = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255)
    side = 2 * max(1, round(FILTER_RADIUS * max(mask.shape))) + 1

    def mean(values: "np.ndarray") -> "np.ndarray":
        return np.asarray(cv2.blur(values, (side, side)))

    middle, level = mean(guide), mean(mask)
    slope = (mean(guide * mask) - middle * level) / (mean(guide * guide) - middle**2 + FILTER_SMOOTHNESS)
    refined = mean(slope) * guide + mean(level - slope * middle)
    return ((refined - DOUBT) / (1 - 2 * DOUBT)).clip(0, 1)


def _colours(pixels: Pixels) -> NDArray[np.intp]:
    """[s, s]: each pixel's bin of colour."""
    lab = cv2.cvtColor(cv2.blur(pixels, (3, 3)), cv2.COLOR_RGB2LAB).astype(np.intp)
    bins = ((lab - LOWEST) // BIN_WIDTHS).clip(0, BINS - 1)
    return np.asarray(np.ravel_multi_index(np.moveaxis(bins, 2, 0), (BINS,) * 3), np.intp)


def _frequencies(colours: NDArray[np.intp], side: NDArray[np.bool_]) -> Tensor:
    """[bins]: how often each of `colours` [s, s] is seen on one side, [s, s]."""
    counts = np.bincount(colours[side], minlength=BINS**3).reshape((BINS,) * 3) / np.count_nonzero(side)
    for axis in range(counts.ndim):
        counts = np.apply_along_axis(np.convolve, axis, counts, SOFTENED, "same")
    return np.asarray(counts.ravel(), np.float32)
