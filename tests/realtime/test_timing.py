"""Timing: percentiles, stages and the report."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.timing import AgeHistogram, RunReport, Stopwatch


@given(st.lists(st.floats(0, 9.9), min_size=1, max_size=200), st.sampled_from([1, 50, 95, 99, 100]))
def test_percentiles_agree_with_numpy(ages_s: list[float], percent: float) -> None:
    histogram = AgeHistogram()
    for age_s in ages_s:
        histogram.add(age_s)
    expected_ms = 1000 * np.percentile(ages_s, percent, method="inverted_cdf")
    assert histogram.percentile_ms(percent) == pytest.approx(expected_ms, abs=0.051)


def test_no_ages_have_no_percentile() -> None:
    assert math.isnan(AgeHistogram().percentile_ms(50))


def test_ages_out_of_range_count_at_its_ends() -> None:
    histogram = AgeHistogram()
    histogram.add(-1.0)
    histogram.add(1e6)
    assert (histogram.percentile_ms(50), histogram.percentile_ms(100)) == (0.0, 10_000.0)


def test_stages_are_counted_also_when_they_fail() -> None:
    stopwatch = Stopwatch()
    with pytest.raises(KeyError), stopwatch.stage("one"):
        raise KeyError
    with stopwatch.stage("one"):
        pass
    assert stopwatch.visits == {"one": 2}
    assert stopwatch.means_ms()["one"] >= 0


def test_report_tells_rate_age_and_drops() -> None:
    report = RunReport(frames=61, seconds=2.0, dropped=4, age_p50_ms=20, age_p95_ms=30, age_p99_ms=45)
    assert str(report) == "61 frames in 2.0 s, 30.0 fps, 4 dropped; age at the sink p50 20 p95 30 p99 45 ms"


def test_report_without_ages_leaves_them_out() -> None:
    report = RunReport(0, 0.0, 0, math.nan, math.nan, math.nan)
    assert str(report) == "0 frames in 0.0 s, 0.0 fps, 0 dropped"
