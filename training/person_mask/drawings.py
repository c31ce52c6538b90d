"""Photographs made to look drawn or painted, so that a network of photographs also finds the person in a picture."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import cv2
import numpy as np

from training.clips import Pixels

Rng: TypeAlias = np.random.Generator

GREY = 0.5  # share of the drawings without colour
LARGEST_TINT = 60.0  # levels, of paper and of a drawing without colour
FADING = 0.4  # share of the drawings that end before their paper does
SMALLEST_REACH, LARGEST_REACH = 0.75, 1.15  # of half the side, of a drawing that fades into paper
SOFTEST = 0.3  # of that reach


def drawn(picture: Pixels, mask: Pixels, rng: Rng) -> tuple[Pixels, Pixels]:
    """`picture` [s, s, 3] as if by hand, and its mask [s, s], which ends where the drawing does."""
    hand: np.ndarray = HANDS[int(rng.integers(len(HANDS)))](picture, rng).astype(np.float32)
    if rng.random() < GREY:
        hand = _tinted(hand, rng)
    if rng.random() < FADING:
        kept = _vignette(len(picture), rng)
        paper = 255 - rng.uniform(0, LARGEST_TINT, 3)
        hand = paper + kept[..., None] * (hand - paper)
        mask = np.asarray(np.rint(mask * (kept > 0.5)), np.uint8)
    hand += rng.normal(0, rng.uniform(0, 10), (len(picture), len(picture), 1))
    return np.asarray(np.rint(hand).clip(0, 255), np.uint8), mask


def _painted(picture: Pixels, rng: Rng) -> Pixels:
    """Flat areas with soft rims."""
    return np.asarray(cv2.edgePreservingFilter(picture, None, cv2.RECURS_FILTER, rng.uniform(10, 50), _strength(rng)))


def _cartoon(picture: Pixels, rng: Rng) -> Pixels:
    """Flat areas with dark rims."""
    return np.asarray(cv2.stylization(picture, None, rng.uniform(10, 50), _strength(rng)))


def _posterised(picture: Pixels, rng: Rng) -> Pixels:
    """Areas of one colour each."""
    return np.asarray(cv2.pyrMeanShiftFiltering(picture, 6, rng.uniform(15, 40), None, 1))


def _pencil(picture: Pixels, rng: Rng) -> Pixels:
    """Dark lines on light paper, and some of the shades."""
    lines = cv2.pencilSketch(picture, None, None, rng.uniform(10, 50), _strength(rng) / 4, 0.05)[0]
    share = rng.uniform(0.4, 1)
    shades = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    return np.asarray(cv2.addWeighted(np.repeat(lines[..., None], 3, axis=2), share, shades, 1 - share, 0))


def _charcoal(picture: Pixels, rng: Rng) -> Pixels:
    """Grey, grained, with each place's contrasts as strong as any other's."""
    grey = cv2.createCLAHE(rng.uniform(2, 6), (4, 4)).apply(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    grain = cv2.GaussianBlur(np.asarray(rng.standard_normal(grey.shape)), (0, 0), rng.uniform(0.5, 1.5))
    rough = grey + rng.uniform(10, 30) * grain / grain.std()
    return np.asarray(np.repeat(rough.clip(0, 255)[..., None], 3, axis=2), np.uint8)


HANDS: Sequence[Callable[[Pixels, Rng], Pixels]] = (_painted, _cartoon, _posterised, _pencil, _charcoal)


def _strength(rng: Rng) -> float:
    return float(rng.uniform(0.15, 0.5))


def _tinted(picture: "np.ndarray", rng: Rng) -> "np.ndarray":
    """Without colour, on tinted paper."""
    grey = picture.mean(axis=2, keepdims=True)
    return np.asarray(grey * (1 - rng.uniform(0, LARGEST_TINT, 3) / 255), np.float32)


def _vignette(size: int, rng: Rng) -> "np.ndarray":
    """[size, size]: 1 where a drawing covers its paper, fading to 0 towards its edges."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    roundness = rng.uniform(2, 8)
    away = (np.abs(rows) ** roundness + np.abs(columns) ** roundness) ** (1 / roundness)
    reach = rng.uniform(SMALLEST_REACH, LARGEST_REACH)
    return np.asarray(((reach - away) / (rng.uniform(0.05, SOFTEST) * reach)).clip(0, 1))
