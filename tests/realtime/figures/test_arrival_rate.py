"""The rate at which frames really come."""

import pytest

from realtime.figures.arrival_rate import ArrivalRate


def _fed(times_s: list[float]) -> ArrivalRate:
    rate = ArrivalRate()
    for at_s in times_s:
        rate.add(at_s)
    return rate


def test_a_steady_camera_has_its_rate_at_any_moment() -> None:
    rate = _fed([index / 15 for index in range(100)])
    last_s = 99 / 15
    for after_s in (0.0, 0.02, 0.06):
        assert rate.hz(last_s + after_s) == pytest.approx(15)


def test_only_the_last_two_seconds_count() -> None:
    slow_then_fast = [index / 10 for index in range(50)] + [5 + index / 30 for index in range(90)]
    assert _fed(slow_then_fast).hz(slow_then_fast[-1]) == pytest.approx(30)


def test_a_camera_that_stops_loses_its_rate() -> None:
    rate = _fed([index / 30 for index in range(90)])
    assert rate.hz(3.0) == pytest.approx(30, abs=0.5)
    assert 10 < rate.hz(4.0) < 20
    assert rate.hz(6.0) == 0.0


def test_one_frame_has_no_rate() -> None:
    assert ArrivalRate().hz(1.0) == _fed([1.0]).hz(1.0) == 0.0
