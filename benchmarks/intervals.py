"""Ratios of medians with confidence intervals, by bootstrap (Efron, 1979) of blocks (Kuensch, 1989)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
FEWEST_SAMPLES = 5

_Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A ratio and between what it lies with the confidence asked for."""

    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.ratio:.3f} ({self.low:.3f} to {self.high:.3f})"


def ratio_of_medians(
    before: Sequence[float], after: Sequence[float], confidence: float = 0.99, percent: float = 50
) -> Interval | None:
    """after over before, of two runs that did not take turns; None for fewer than five samples on either side.

    Neighbouring frames are alike, so whole blocks of them are drawn: single draws would claim more than was measured.
    """
    old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if min(len(old), len(new)) < FEWEST_SAMPLES or np.percentile(old, percent) <= 0:
        return None
    rng = np.random.default_rng(0)
    drawn_old = np.percentile(_block_draws(old, rng), percent, axis=1)
    drawn_new = np.percentile(_block_draws(new, rng), percent, axis=1)
    possible = drawn_old > 0
    return _interval(
        float(np.percentile(new, percent) / np.percentile(old, percent)),
        drawn_new[possible] / drawn_old[possible],
        confidence,
    )


def median_of_ratios(before: Sequence[float], after: Sequence[float], confidence: float = 0.99) -> Interval | None:
    """after over before, round by round, of two that took turns in one run; None for fewer than five rounds."""
    if len(before) < FEWEST_SAMPLES:
        return None
    ratios = np.asarray(after, np.float64) / np.asarray(before, np.float64)
    drawn = np.median(_block_draws(ratios, np.random.default_rng(0)), axis=1)
    return _interval(float(np.median(ratios)), drawn, confidence)


def _interval(ratio: float, drawn: _Samples, confidence: float) -> Interval:
    tail = 50 * (1 - confidence)
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Interval(ratio, float(low), float(high))


def _block_draws(samples: _Samples, rng: np.random.Generator) -> _Samples:
    """[draws, n]: each row made of random runs of about the square root of n neighbours, wrapped around the end."""
    count = len(samples)
    length = max(1, round(count**0.5))
    starts = rng.integers(count, size=(DRAWS, -(-count // length)))
    places = (starts[:, :, None] + np.arange(length)) % count
    return samples[places.reshape(DRAWS, -1)[:, :count]]
