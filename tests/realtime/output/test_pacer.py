"""The pacer: a constant rate, and a phase in which new pictures hardly wait."""

from random import Random

import numpy as np
import pytest

from realtime.output.pacer import TOLERANCE, Pacer

PERIOD_S = 1 / 30


def _run(camera_hz: float, jitter_s: float, seconds: float, phase_s: float) -> tuple[list[float], list[float | None]]:
    """Times sent and how long each new picture had waited, for pictures that come at camera_hz, unevenly."""
    random = Random(0)
    pacer, sent_s, waits_s = Pacer(30, 0.0), [], []
    arrivals = iter(phase_s + count / camera_hz + random.uniform(0, jitter_s) for count in range(10**6))
    coming_s = next(arrivals)
    while pacer.due_s < seconds:
        now_s, newest_s = pacer.due_s, None
        while coming_s <= now_s:
            newest_s, coming_s = coming_s, next(arrivals)
        waited_s = None if newest_s is None else now_s - newest_s
        sent_s.append(now_s)
        waits_s.append(waited_s)
        pacer.sent(now_s, waited_s)
    return sent_s, waits_s


@pytest.mark.parametrize("camera_hz", [5, 15, 24, 29.97, 30, 60])
def test_the_rate_is_held_within_one_percent(camera_hz: float) -> None:
    sent_s, _ = _run(camera_hz, 0.006, 20, 0.0)
    intervals_s = np.diff(sent_s)
    assert intervals_s.min() >= PERIOD_S * (1 - 1.01 * TOLERANCE)
    assert intervals_s.max() <= PERIOD_S * (1 + 1.01 * TOLERANCE)
    assert 1 / intervals_s.mean() == pytest.approx(30, rel=0.01)


@pytest.mark.parametrize("phase_s", [0.0, 0.005, 0.012, 0.02, 0.03])
def test_new_pictures_soon_wait_little_and_few_come_too_late(phase_s: float) -> None:
    _, waits_s = _run(30, 0.006, 60, phase_s)
    settled = waits_s[-900:]
    late = sum(wait_s is None for wait_s in settled)
    assert late <= 0.05 * len(settled)
    assert np.mean([wait_s for wait_s in settled if wait_s is not None]) < 0.011


def test_time_lost_is_not_made_up_for() -> None:
    pacer = Pacer(30, 0.0)
    pacer.sent(0.0, None)
    pacer.sent(100.0, None)
    assert pacer.due_s == pytest.approx(100 + PERIOD_S)
