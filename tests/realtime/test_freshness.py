"""Frames that had to wait are left out where that lets an animator catch up, and nowhere else."""

from collections.abc import Iterator
from typing import Any

import pytest

from realtime.bundle import Bundle
from realtime.engines.base import DeviceTensors
from realtime.freshness import LONGEST_WAIT, Freshness
from realtime.manifest import GraphName
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine, RecordingSink, ScriptedCamera
from tests.realtime.live_runs import live_loop

HZ = 30.0
PERIOD_S = 1 / HZ


def busy(work_s: float) -> Freshness:
    freshness = Freshness()
    for _ in range(50):
        freshness.worked(work_s)
    return freshness


def served(work_s: float, guarded: bool = True) -> tuple[float, float]:
    """Pictures a second and their mean age in half a minute of a camera at HZ; every fortieth takes 50 ms longer."""
    freshness, now_s, taken, ages_s = Freshness(), 0.0, -1, list[float]()
    while now_s < 30:
        taken = max(taken + 1, int(now_s * HZ + 1e-9))  # the newest, or the next where that has been taken
        came_s = taken * PERIOD_S
        now_s = max(now_s, came_s)
        if guarded and freshness.is_stale(now_s - came_s, HZ):
            continue
        took_s = work_s + (0.05 if len(ages_s) % 40 == 39 else 0.0)
        freshness.worked(took_s)
        now_s += took_s
        ages_s.append(now_s - came_s)
    return len(ages_s) / 30, sum(ages_s) / len(ages_s)


def test_what_has_just_come_is_animated() -> None:
    for work_s in (0.005, 0.032, 0.036, 0.2):
        assert not busy(work_s).is_stale(0.0005, HZ)


def test_an_animator_that_just_keeps_up_starts_afresh() -> None:
    freshness = busy(0.97 * PERIOD_S)
    assert not freshness.is_stale(0.9 * LONGEST_WAIT * PERIOD_S, HZ)
    assert freshness.is_stale(1.1 * LONGEST_WAIT * PERIOD_S, HZ)


def test_a_quick_animator_makes_up_for_a_wait_by_itself() -> None:
    assert not busy(0.4 * PERIOD_S).is_stale(0.95 * PERIOD_S, HZ)


def test_a_slow_animator_loses_no_more_than_it_must() -> None:
    assert not busy(1.2 * PERIOD_S).is_stale(0.95 * PERIOD_S, HZ)


def test_nothing_is_left_out_before_anything_is_known() -> None:
    assert not Freshness().is_stale(1.0, HZ)
    assert not busy(0.97 * PERIOD_S).is_stale(0.03, camera_hz=0.0)


@pytest.mark.parametrize(("share", "younger"), [(0.97, 0.05), (1.0, 0.15), (1.03, 0.15)])
def test_pictures_are_younger_and_hardly_fewer(share: float, younger: float) -> None:
    (rate, age_s), (rate_before, age_before_s) = (served(share * PERIOD_S, guarded) for guarded in (True, False))
    assert age_before_s - age_s > younger * PERIOD_S
    assert rate > 0.9 * rate_before


def test_others_are_served_as_before() -> None:
    for share in (0.4, 1.3):
        assert served(share * PERIOD_S) == served(share * PERIOD_S, guarded=False)


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    clock = FakeClock()
    yield clock
    clock.end()


def test_a_live_run_leaves_out_what_waited_for_the_one_slow_frame(tiny_bundle: Bundle, clock: FakeClock) -> None:
    began_s: list[float] = []

    class JustKeepsUp(FakeEngine):
        def run(self, graph: GraphName, *arguments: Any, **options: Any) -> DeviceTensors:
            if graph == "animate":
                began_s.append(clock.now_s())
                clock.sleep(0.97 * PERIOD_S + (0.6 * PERIOD_S if len(began_s) == 20 else 0.0))
            return super().run(graph, *arguments, **options)

    camera = ScriptedCamera([step for _ in range(60) for step in (128, PERIOD_S)], clock=clock)
    report = live_loop(tiny_bundle, camera, [RecordingSink(clock=clock)], clock, engine=JustKeepsUp()).run()
    assert (report.frames, report.dropped) == (59, 1)
    _, first_s, *later_s = began_s  # before the camera's, the portrait at rest
    waits_s = [(at_s - first_s + PERIOD_S / 2) % PERIOD_S - PERIOD_S / 2 for at_s in later_s]
    assert max(map(abs, waits_s)) < 0.01 * PERIOD_S, "all start as they come"
