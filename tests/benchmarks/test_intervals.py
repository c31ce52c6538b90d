"""Intervals hold what they promise."""

import numpy as np
import pytest

from benchmarks.intervals import median_of_ratios, ratio_of_medians


def _noise(seed: int, count: int = 100, around: float = 10.0) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(around, 1.0, count)]


def test_the_interval_covers_the_true_ratio_about_as_often_as_promised() -> None:
    found = [ratio_of_medians(_noise(2 * seed), _noise(2 * seed + 1), confidence=0.9) for seed in range(100)]
    covered = sum(interval is not None and interval.low <= 1 <= interval.high for interval in found)
    assert 80 <= covered <= 99


def test_a_change_of_a_tenth_is_beyond_the_interval() -> None:
    interval = ratio_of_medians(_noise(1), _noise(2, around=11.5))
    assert interval is not None
    assert interval.low > 1.05
    assert interval.ratio == pytest.approx(1.15, abs=0.05)


def test_neighbours_that_are_alike_widen_the_interval() -> None:
    alone = [10.0 + 2 * (index % 2) for index in range(100)]
    drifting = [10.0 + 2 * (index >= 50) for index in range(100)]
    narrow, wide = ratio_of_medians(alone, alone), ratio_of_medians(drifting, drifting)
    assert narrow is not None and wide is not None
    assert wide.high - wide.low >= narrow.high - narrow.low


def test_turns_cancel_what_weighs_on_both() -> None:
    load = np.random.default_rng(0).uniform(1, 3, 60)
    interval = median_of_ratios(list(2 * load), list(6 * load))
    assert interval is not None
    assert interval.low == pytest.approx(3) and interval.high == pytest.approx(3)


def test_too_few_samples_have_no_interval() -> None:
    assert ratio_of_medians([1.0] * 4, [1.0] * 50) is None
    assert median_of_ratios([1.0] * 4, [1.0] * 4) is None
