"""The governor, on a machine that is imagined: each level of work has its age."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from realtime.bundle import Bundle
from realtime.controls import CommandQueue
from realtime.engines.base import DeviceTensors
from realtime.governor import CALM_S, FewerFrames, Governor, Saving
from realtime.loop import LiveLoop, LoopLimits
from realtime.manifest import GraphName
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine, RecordingSink, ScriptedCamera
from tests.realtime.live_runs import portrait_animator, sender_to

LIMIT_S = 0.08


class _Noted(Saving):
    def __init__(self, name: str) -> None:
        self.name = name
        self.on = False

    def begin(self) -> None:
        assert not self.on
        self.on = True

    def end(self) -> None:
        assert self.on
        self.on = False


class _Machine:
    """Pictures, 30 a second, whose age depends on the governor's level and on a load from outside."""

    def __init__(self, ages_s: Sequence[float]) -> None:
        self.told: list[str] = []
        self.savings = [_Noted(f"step {count}") for count in range(1, len(ages_s))]
        self.governor = Governor(LIMIT_S, self.savings, self.told.append)
        self.now_s = 1000.0
        self.load = 1.0
        self._ages_s = ages_s
        self._random = Random(0)

    def run(self, seconds: float) -> list[float]:
        """The ages of the time passed."""
        ages_s = []
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 1 / 30
            ages_s.append(self.load * self._ages_s[self.governor.level] * self._random.uniform(0.85, 1.05))
            self.governor.add(ages_s[-1], self.now_s)
            self.governor.steer(self.now_s)
        return ages_s


def test_work_is_saved_until_the_limit_holds_and_no_further() -> None:
    machine = _Machine([0.2, 0.12, 0.07, 0.03])
    machine.run(10)
    assert machine.governor.level == 2
    assert [saving.on for saving in machine.savings] == [True, True, False]
    assert max(machine.run(10)) <= LIMIT_S
    assert len(machine.told) == 2
    assert machine.told[0].startswith("pictures are 2")
    assert machine.told[0].endswith("ms old: step 1")


def test_a_machine_that_is_fast_enough_is_left_alone() -> None:
    machine = _Machine([0.05, 0.03])
    machine.run(60)
    assert machine.told == []


def test_work_is_taken_up_again_after_a_calm_time() -> None:
    machine = _Machine([0.05, 0.03])
    machine.load = 2.0
    machine.run(5)
    assert machine.governor.level == 1
    machine.load = 1.0
    machine.run(CALM_S - 3)
    assert machine.governor.level == 1
    machine.run(10)
    assert machine.governor.level == 0
    assert machine.told[-1].endswith("no longer step 1")


def test_it_does_not_swing_between_a_level_too_slow_and_one_with_room() -> None:
    machine = _Machine([0.09, 0.03])  # level 1 is calm enough to try level 0, which never holds
    machine.run(600)
    assert machine.governor.level == 1
    assert len(machine.told) < 16


def test_a_short_stall_is_no_reason() -> None:
    machine = _Machine([0.05, 0.03])
    machine.run(5)
    machine.governor.add(0.9, machine.now_s)
    machine.run(5)
    assert machine.told == []


def test_fewer_frames_leave_out_what_comes_too_early() -> None:
    saving = FewerFrames(15)
    assert not any(saving.skips(count / 30) for count in range(30))
    saving.begin()
    assert sum(not saving.skips(10 + count / 30) for count in range(300)) == pytest.approx(150, abs=2)
    saving.end()
    assert not any(saving.skips(50 + count / 30) for count in range(30))


def test_in_the_loop_it_holds_the_limit_where_work_piles_up(tiny_bundle: Bundle) -> None:
    clock = FakeClock()

    class Hot(FakeEngine):
        """Slower the less it rests, as a laptop is."""

        last_s = float("-inf")

        def run(self, graph: GraphName, *arguments: Any, **options: Any) -> DeviceTensors:
            if graph == "detect_keypoints":
                busy = clock.now_s() - self.last_s < 0.02
                clock.sleep(0.09 if busy else 0.02)
                self.last_s = clock.now_s()
            return super().run(graph, *arguments, **options)

    script: list[int | float | str | Exception] = [step for _ in range(900) for step in (128, 1 / 30)]
    animator = portrait_animator(tiny_bundle, Hot())
    commands, sink = CommandQueue(), RecordingSink(clock=clock)
    governor = Governor(LIMIT_S, [FewerFrames(rate_hz) for rate_hz in (15, 10, 7.5)], commands.dashboard.notify)
    sender = sender_to([sink], animator, clock, 30)
    camera = ScriptedCamera(script, clock=clock)
    LiveLoop(camera, animator, sender, commands, LoopLimits(), clock, governor).run()
    clock.end()
    settled = [frame for frame in sink.frames if frame.captured_at is not None][-200:]
    ages_s = {frame.driver_index: frame.shown_at - (frame.captured_at or 0) for frame in reversed(settled)}
    assert sorted(ages_s.values())[int(0.95 * len(ages_s))] < LIMIT_S
    assert governor.level >= 1
    assert "frames a second" in commands.dashboard.notice()
