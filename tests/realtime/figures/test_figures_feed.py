"""The figures of a run, for HUD and `ctl status`."""

import json
from math import nan

import pytest

from realtime.figures.dashboard import Dashboard
from realtime.figures.feed import FiguresFeed
from realtime.figures.hud import hud_lines
from realtime.timing import RunReport, Stopwatch
from tests.fakes import FakeEngine


class Run:
    """A run on a clock of its own."""

    def __init__(self) -> None:
        self.dashboard, self.stopwatch, self.at_s = Dashboard(), Stopwatch(), 100.0
        self.engine = FakeEngine()
        self.engine.name, self.engine.precision = "openvino-cpu", "int8"
        self.feed = FiguresFeed(self.dashboard, self.stopwatch, self.engine, 30.0, lambda: self.at_s)

    def show(self, at_s: float, frames: int, dropped: int = 0) -> None:
        self.at_s = 100.0 + at_s
        self.feed.show(RunReport(frames, at_s, dropped, 35.04, 39.06, 45.0, camera_fps=14.96))


def test_every_figure_is_there() -> None:
    run = Run()
    run.stopwatch.seconds, run.stopwatch.visits = {"find": 0.01, "animate": 0.4}, {"find": 20, "animate": 20}
    run.show(1.0, 20, dropped=3)
    run.dashboard.bundle, run.dashboard.portrait, run.dashboard.range_used = "portrait-s", "juno", 0.5
    assert hud_lines(run.dashboard) == [
        "20.0 fps out, camera 15.0 of 30 fps, 3 dropped",
        "age p50 35 ms, p95 39 ms",
        "ms: find 0.5  animate 20.0",
        "portrait-s on openvino-cpu int8, showing juno",
        "range used  50% #####",
    ]
    status = json.loads(run.dashboard.status())
    assert (status["camera_fps"], status["camera_named_fps"], status["precision"]) == (15.0, 30.0, "int8")
    assert (status["bundle"], status["portrait"]) == ("portrait-s", "juno")


def test_offline_there_is_no_age() -> None:
    run = Run()
    run.at_s += 1
    run.feed.show(RunReport(20, 1.0, 0, nan, nan, nan))
    assert hud_lines(run.dashboard)[:2] == [
        "20.0 fps out, camera 30 fps, 0 dropped",
        "no age: frames wait for one another",
    ]


def test_stages_are_those_since_the_last_figures() -> None:
    run = Run()
    run.stopwatch.seconds, run.stopwatch.visits = {"animate": 0.4}, {"animate": 20}
    run.show(1.0, 20)
    run.stopwatch.seconds, run.stopwatch.visits = {"animate": 0.5}, {"animate": 40}
    run.show(2.0, 40)
    assert run.dashboard.figures.stages_ms == {"animate": 5.0}


def test_a_rate_is_of_the_last_two_seconds_and_fresh_twice_a_second() -> None:
    run = Run()
    for half_seconds in range(1, 9):
        run.show(half_seconds / 2, frames=5 * half_seconds)
    assert run.dashboard.figures.fps == 10
    run.show(4.25, frames=1000)
    assert run.dashboard.figures.fps == 10, "too soon"
    run.show(4.5, frames=40)
    assert run.dashboard.figures.fps == pytest.approx(7.5)
