"""Glass to glass: what the stripe says is what was put in, and what the trace says by another way."""

import numpy as np
import pytest

from benchmarks.schema import Result
from tests.benchmarks.conftest import Run

PERIOD_MS = 40  # of the clip and so of the output
RUNS = 2


def _samples(result: Result, name: str) -> tuple[float, ...]:
    return result.find(name)[0].samples


def _least_age(glass: Run, *more: str) -> float:
    """The age that a busy machine moves least; of several runs, as the output's phase is chance in each."""
    return min(min(_samples(glass(*more), "glass_to_glass")) for _ in range(RUNS))


@pytest.fixture
def glass(run: Run, parts: list[str]) -> Run:
    return lambda *more: run("glass", *parts, "--seconds", "2", "--warm-up", "0.4", "--threads", "1", *more)


def test_the_stripe_and_the_trace_agree(glass: Run) -> None:
    result = glass()
    stripes, traced = _samples(result, "glass_to_glass"), _samples(result, "age_by_the_trace")
    assert len(stripes) == pytest.approx(len(traced), abs=2)
    assert len(stripes) > 3
    assert np.median(stripes) == pytest.approx(np.median(traced), abs=5)
    assert any("cannot be read back" in note for note in result.notes)


@pytest.mark.parametrize("stage", ["animate", "send"])
def test_an_injected_delay_is_measured_within_one_frame(stage: str, glass: Run) -> None:
    # Ages move by whole periods: half of one more than a few is as far from either neighbour as can be.
    injected_ms = 2.5 * PERIOD_MS
    before = _least_age(glass)
    assert _least_age(glass, "--inject", f"{stage}={injected_ms}") - before == pytest.approx(injected_ms, abs=PERIOD_MS)
