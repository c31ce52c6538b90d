"""The loops: what is delivered and dropped, how failures surface, how everything ends."""

import traceback
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import numpy as np
import pytest

from realtime.bundle import Bundle
from realtime.controls import Command, CommandQueue
from realtime.engines.base import DeviceTensors
from realtime.errors import DeviceError, HungThreadError
from realtime.frames import OutputFrame, OutputState
from realtime.loop import LoopLimits, run_offline
from realtime.manifest import GraphName
from realtime.timing import RunReport
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine, RecordingSink, ScriptedCamera
from tests.realtime.live_runs import live_loop, portrait_animator, sender_to

PAUSE_S = 0.02

Script = list[int | float | str | Exception]


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    clock = FakeClock()
    yield clock
    clock.end()


def _slowly(frames: int) -> Script:
    return [step for _ in range(frames) for step in (128, PAUSE_S)]


def _quit_after(seconds: float, clock: FakeClock, commands: CommandQueue) -> None:
    clock.sleep(seconds)
    commands.post(Command.QUIT)


def _driver_indices(frames: list[OutputFrame]) -> list[int]:
    """Of the driver's frames shown, each once."""
    shown = [frame.driver_index for frame in frames if frame.driver_index is not None]
    return sorted(set(shown))


def test_every_frame_of_a_slow_camera_arrives_in_order(tiny_bundle: Bundle, clock: FakeClock) -> None:
    sink = RecordingSink(clock=clock)
    report = live_loop(tiny_bundle, ScriptedCamera(_slowly(10), clock=clock), [sink], clock).run()
    assert _driver_indices(sink.frames) == list(range(10))
    assert (report.frames, report.dropped) == (10, 0)
    assert 0 <= report.age_p50_ms <= report.age_p99_ms <= 10.1
    assert report.fps == pytest.approx(50, rel=0.05)


def test_pictures_are_sent_at_the_output_rate_whatever_the_camera_does(tiny_bundle: Bundle, clock: FakeClock) -> None:
    sink = RecordingSink(clock=clock)
    camera = ScriptedCamera([*_slowly(20), 3.0, *_slowly(20)], clock=clock)
    report = live_loop(tiny_bundle, camera, [sink], clock, rate_hz=30).run()
    assert report.output_fps == pytest.approx(30, rel=0.01)
    assert report.longest_gap_ms < 1000 / 30 * 1.1
    assert [frame.state for frame in sink.frames[-5:]] == [OutputState.LIVE] * 5
    assert {OutputState.HOLD, OutputState.NEUTRAL} <= {frame.state for frame in sink.frames}


def test_a_slow_sink_drops_frames_and_gets_the_newest(tiny_bundle: Bundle, clock: FakeClock) -> None:
    sink = RecordingSink(delay_s=0.1, clock=clock)
    report = live_loop(tiny_bundle, ScriptedCamera(_slowly(20), clock=clock), [sink], clock).run()
    indices = _driver_indices(sink.frames)
    assert indices[-1] == 19
    assert report.dropped == 20 - report.frames > 0


def test_a_slow_sink_does_not_hold_up_another(tiny_bundle: Bundle, clock: FakeClock) -> None:
    fast, slow = RecordingSink(clock=clock), RecordingSink(delay_s=0.3, clock=clock)
    live_loop(tiny_bundle, ScriptedCamera(_slowly(50), clock=clock), [fast, slow], clock).run()
    assert _driver_indices(fast.frames) == list(range(50))
    assert len(slow.frames) < 6


def test_frames_a_slow_engine_never_saw_are_counted_too(tiny_bundle: Bundle, clock: FakeClock) -> None:
    class Slow(FakeEngine):
        def download(self, tensor: object) -> np.ndarray:
            clock.sleep(0.05)
            return super().download(tensor)

    camera = ScriptedCamera(_slowly(20), clock=clock)
    report = live_loop(tiny_bundle, camera, [RecordingSink(clock=clock)], clock, engine=Slow()).run()
    assert report.dropped == 20 - report.frames > 0


def test_the_first_failure_comes_out_with_its_traceback(tiny_bundle: Bundle, clock: FakeClock) -> None:
    camera = ScriptedCamera(_slowly(20), clock=clock)
    with pytest.raises(OSError, match="the sink is full") as failure:
        live_loop(tiny_bundle, camera, [RecordingSink(fail_at=2, clock=clock)], clock).run()
    functions = [entry.name for entry in traceback.extract_tb(failure.value.__traceback__)]
    assert functions[-1] == "send"
    assert failure.value.__notes__ == ["in the sink recording: thread"]


def test_a_sink_that_fails_beside_another_is_left_behind_and_told_at_the_end(
    tiny_bundle: Bundle, clock: FakeClock
) -> None:
    class Full(RecordingSink):
        def send(self, frame: OutputFrame) -> None:
            if len(self.frames) == 3:
                raise DeviceError("the disk is full", hint="make room")
            super().send(frame)

    full, other = Full(clock=clock), RecordingSink(clock=clock)
    with pytest.raises(DeviceError, match="the disk is full"):
        live_loop(tiny_bundle, ScriptedCamera(_slowly(20), clock=clock), [full, other], clock).run()
    assert _driver_indices(other.frames) == list(range(20))
    assert (len(full.frames), full.closed) == (3, 1)


def test_a_camera_that_fails_ends_the_loop(tiny_bundle: Bundle, clock: FakeClock) -> None:
    fault = DeviceError("unplugged", hint="plug it in")
    camera = ScriptedCamera([128, PAUSE_S, fault], clock=clock)
    with pytest.raises(DeviceError) as failure:
        live_loop(tiny_bundle, camera, [RecordingSink(clock=clock)], clock).run()
    assert failure.value is fault


def test_a_bug_while_animating_ends_the_loop(tiny_bundle: Bundle, clock: FakeClock) -> None:
    class Broken(FakeEngine):
        def run(self, graph: GraphName, *arguments: Any, **options: Any) -> DeviceTensors:
            if graph == "animate" and "animate" in self.runs:
                raise ZeroDivisionError
            return super().run(graph, *arguments, **options)

    camera = ScriptedCamera(_slowly(20), clock=clock)
    with pytest.raises(ZeroDivisionError) as failure:
        live_loop(tiny_bundle, camera, [RecordingSink(clock=clock)], clock, engine=Broken()).run()
    assert failure.value.__notes__ == ["in the animate thread"]


def test_a_hung_thread_is_named_within_the_deadline(tiny_bundle: Bundle, clock: FakeClock) -> None:
    commands, sink = CommandQueue(), RecordingSink(clock=clock)
    camera = ScriptedCamera([128, ScriptedCamera.HANG], clock=clock)
    loop = live_loop(tiny_bundle, camera, [sink], clock, commands=commands, limits=LoopLimits(join_s=0.2))
    started_s = clock.now_s()
    clock.start("user", partial(_quit_after, 0.2, clock, commands))
    with pytest.raises(HungThreadError, match="camera thread did not end within") as failure:
        loop.run()
    assert clock.now_s() - started_s < 1
    assert "scripted:" in failure.value.hint


def test_a_camera_that_gives_nothing_is_an_error(tiny_bundle: Bundle, clock: FakeClock) -> None:
    camera = ScriptedCamera([ScriptedCamera.HANG], clock=clock)
    limits = LoopLimits(first_frame_s=2, join_s=0.1)
    with pytest.raises(DeviceError, match="no picture within"):
        live_loop(tiny_bundle, camera, [RecordingSink(clock=clock)], clock, limits=limits).run()


def test_quitting_ends_an_endless_camera_in_under_a_second(tiny_bundle: Bundle, clock: FakeClock) -> None:
    commands = CommandQueue()
    camera = ScriptedCamera(_slowly(5000), clock=clock)
    loop = live_loop(tiny_bundle, camera, [RecordingSink(clock=clock)], clock, commands=commands)
    asked_s: list[float] = []

    def ask() -> None:
        clock.sleep(2)
        asked_s.append(clock.now_s())
        commands.post(Command.QUIT)

    clock.start("user", ask)
    assert loop.run().frames > 50
    assert clock.now_s() - asked_s[0] < 0.5


def test_a_number_of_pictures_ends_the_loop(tiny_bundle: Bundle, clock: FakeClock) -> None:
    sink = RecordingSink(clock=clock)
    camera = ScriptedCamera(_slowly(5000), clock=clock)
    assert live_loop(tiny_bundle, camera, [sink], clock, limits=LoopLimits(frames=5)).run().sent == 5
    assert len(sink.frames) == 5


def test_a_time_ends_the_loop(tiny_bundle: Bundle, clock: FakeClock) -> None:
    camera, started_s = ScriptedCamera(_slowly(5000), clock=clock), clock.now_s()
    live_loop(tiny_bundle, camera, [RecordingSink(clock=clock)], clock, limits=LoopLimits(seconds=3)).run()
    assert clock.now_s() - started_s == pytest.approx(3, abs=0.3)


def test_commands_are_obeyed_without_a_camera_too(tiny_bundle: Bundle, clock: FakeClock) -> None:
    commands, sink = CommandQueue(), RecordingSink(clock=clock)
    camera = ScriptedCamera([*_slowly(5), 1.0, *_slowly(1)], clock=clock)
    loop = live_loop(tiny_bundle, camera, [sink], clock, commands=commands)
    replies: list[Future[str]] = []

    def ask() -> None:
        clock.sleep(0.5)
        replies.extend(commands.post(Command(name)) for name in ("calibrate", "away"))

    clock.start("user", ask)
    loop.run()
    told = [reply.result(timeout=0) for reply in replies]
    assert told == ["calibrated: your present pose is neutral", "away picture on"]
    assert sink.frames[-1].state is OutputState.AWAY


def test_progress_is_told_while_running(tiny_bundle: Bundle, clock: FakeClock) -> None:
    reports: list[RunReport] = []
    camera = ScriptedCamera(_slowly(50), clock=clock)
    live_loop(tiny_bundle, camera, [RecordingSink(clock=clock)], clock).run(reports.append)
    assert len(reports) > 5
    assert reports[-1].frames > 0


def test_offline_delivers_every_frame_however_slow(tiny_bundle: Bundle, clock: FakeClock) -> None:
    sink, animator = RecordingSink(delay_s=1, clock=clock), portrait_animator(tiny_bundle)
    sender = sender_to([sink], animator, clock, 30)
    told: list[int] = []
    feeds = (lambda report: told.append(report.frames), lambda report: told.append(-report.frames))
    report = run_offline(ScriptedCamera([128] * 10), animator, sender, CommandQueue(), None, *feeds)
    assert told[-2:] == [10, -10] and len(told) == 20
    assert [frame.driver_index for frame in sink.frames] == list(range(10))
    assert (report.frames, report.dropped) == (10, 0)


def test_offline_stops_at_a_limit_and_on_quit(tiny_bundle: Bundle, clock: FakeClock) -> None:
    sink, commands, animator = RecordingSink(clock=clock), CommandQueue(), portrait_animator(tiny_bundle)
    sender = sender_to([sink], animator, clock, 30)
    run_offline(ScriptedCamera([128] * 10), animator, sender, commands, LoopLimits(frames=4))
    assert len(sink.frames) == 4
    commands.post(Command.QUIT)
    run_offline(ScriptedCamera([128] * 10), animator, sender, commands)
    assert len(sink.frames) == 4


def test_live_with_time_to_spare_delivers_what_offline_does(tiny_bundle: Bundle, clock: FakeClock) -> None:
    script: Script = [step for level in (40, 80, 120) for step in (level, PAUSE_S)]
    live, offline, animator = RecordingSink(clock=clock), RecordingSink(clock=clock), portrait_animator(tiny_bundle)
    live_loop(tiny_bundle, ScriptedCamera(script, clock=clock), [live], clock).run()
    run_offline(
        ScriptedCamera(script, clock=clock), animator, sender_to([offline], animator, clock, 30), CommandQueue()
    )
    newest = {frame.driver_index: frame for frame in live.frames if frame.driver_index is not None}
    assert len(newest) == len(offline.frames) == 3
    for index, frame in enumerate(offline.frames):
        assert np.array_equal(newest[index].pixels, frame.pixels)
