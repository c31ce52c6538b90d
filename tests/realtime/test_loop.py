"""The loops: what is delivered and dropped, how failures surface, how everything ends."""

import threading
import time
import traceback
from typing import Any

import numpy as np
import pytest

from realtime.animator import Animator, AnimatorOptions
from realtime.bundle import Bundle, GraphName
from realtime.controls import Command, CommandQueue
from realtime.engines.base import DeviceTensors
from realtime.errors import DeviceError, HungThreadError
from realtime.loop import LiveLoop, LoopLimits, run_offline
from realtime.timing import RunReport
from tests.fakes import FakeEngine, RecordingSink, ScriptedCamera

PAUSE_S = 0.02


def _animator(bundle: Bundle) -> Animator:
    animator = Animator(FakeEngine(), bundle, AnimatorOptions(smoothing=False))
    animator.set_source(np.full((64, 64, 3), 100, np.uint8))
    return animator


def _loop(
    bundle: Bundle, camera: ScriptedCamera, sink: RecordingSink, limits: LoopLimits | None = None
) -> tuple[LiveLoop, CommandQueue]:
    commands = CommandQueue()
    return LiveLoop(camera, _animator(bundle), sink, commands, limits), commands


def _slowly(frames: int) -> list[int | float | str | Exception]:
    return [step for _ in range(frames) for step in (128, PAUSE_S)]


def test_every_frame_of_a_slow_camera_arrives_in_order(tiny_bundle: Bundle) -> None:
    sink = RecordingSink()
    loop, _ = _loop(tiny_bundle, ScriptedCamera(_slowly(10)), sink)
    report = loop.run()
    assert [frame.index for frame in sink.frames] == list(range(10))
    assert (report.frames, report.dropped) == (10, 0)
    assert 0 < report.age_p50_ms < 1000


def test_a_slow_sink_drops_frames_and_gets_the_newest(tiny_bundle: Bundle) -> None:
    sink = RecordingSink(delay_s=0.1)
    loop, _ = _loop(tiny_bundle, ScriptedCamera(_slowly(20)), sink)
    report = loop.run()
    indices = [frame.index for frame in sink.frames]
    assert indices == sorted(set(indices))
    assert indices[-1] == 19
    assert report.dropped == 20 - report.frames > 0


def test_frames_a_slow_engine_never_saw_are_counted_too(tiny_bundle: Bundle) -> None:
    class Slow(FakeEngine):
        def download(self, tensor: object) -> np.ndarray:
            time.sleep(0.05)
            return super().download(tensor)

    animator = Animator(Slow(), tiny_bundle)
    animator.set_source(np.full((64, 64, 3), 100, np.uint8))
    report = LiveLoop(ScriptedCamera(_slowly(20)), animator, RecordingSink(), CommandQueue()).run()
    assert report.dropped == 20 - report.frames > 0


def test_the_first_failure_comes_out_with_its_traceback(tiny_bundle: Bundle) -> None:
    loop, _ = _loop(tiny_bundle, ScriptedCamera(_slowly(20)), RecordingSink(fail_at=2))
    with pytest.raises(OSError, match="the sink is full") as failure:
        loop.run()
    functions = [entry.name for entry in traceback.extract_tb(failure.value.__traceback__)]
    assert functions[-1] == "send"
    assert failure.value.__notes__ == ["in the sink thread"]


def test_a_camera_that_fails_ends_the_loop(tiny_bundle: Bundle) -> None:
    fault = DeviceError("unplugged", hint="plug it in")
    loop, _ = _loop(tiny_bundle, ScriptedCamera([128, PAUSE_S, fault]), RecordingSink())
    with pytest.raises(DeviceError) as failure:
        loop.run()
    assert failure.value is fault


def test_a_bug_while_animating_ends_the_loop(tiny_bundle: Bundle) -> None:
    class Broken(FakeEngine):
        def run(self, graph: GraphName, *arguments: Any, **options: Any) -> DeviceTensors:
            if graph == "animate":
                raise ZeroDivisionError
            return super().run(graph, *arguments, **options)

    animator = Animator(Broken(), tiny_bundle)
    animator.set_source(np.full((64, 64, 3), 100, np.uint8))
    with pytest.raises(ZeroDivisionError) as failure:
        LiveLoop(ScriptedCamera(_slowly(20)), animator, RecordingSink(), CommandQueue()).run()
    assert failure.value.__notes__ == ["in the animate thread"]


def test_a_hung_thread_is_named_within_the_deadline(tiny_bundle: Bundle) -> None:
    camera = ScriptedCamera([128, ScriptedCamera.HANG])
    loop, commands = _loop(tiny_bundle, camera, RecordingSink(), LoopLimits(join_s=0.2))
    threading.Timer(0.2, commands.post, [Command.QUIT]).start()
    started_s = time.monotonic()
    with pytest.raises(HungThreadError, match="camera thread did not end within") as failure:
        loop.run()
    assert time.monotonic() - started_s < 3
    assert "scripted:" in failure.value.hint
    camera.close()


def test_a_camera_that_gives_nothing_is_an_error(tiny_bundle: Bundle) -> None:
    camera = ScriptedCamera([ScriptedCamera.HANG])
    loop, _ = _loop(tiny_bundle, camera, RecordingSink(), LoopLimits(first_frame_s=0.2, join_s=0.1))
    with pytest.raises(DeviceError, match="no picture within"):
        loop.run()
    camera.close()


def test_quitting_ends_an_endless_camera(tiny_bundle: Bundle) -> None:
    loop, commands = _loop(tiny_bundle, ScriptedCamera(_slowly(5000)), RecordingSink())
    threading.Timer(0.3, commands.post, [Command.QUIT]).start()
    started_s = time.monotonic()
    assert loop.run().frames > 0
    assert time.monotonic() - started_s < 3


@pytest.mark.parametrize("limits", [LoopLimits(frames=5), LoopLimits(seconds=0.3)])
def test_limits_end_the_loop(tiny_bundle: Bundle, limits: LoopLimits) -> None:
    loop, _ = _loop(tiny_bundle, ScriptedCamera(_slowly(5000)), RecordingSink(), limits)
    started_s = time.monotonic()
    assert loop.run().frames >= 5
    assert time.monotonic() - started_s < 5


def test_a_command_is_obeyed_in_the_animators_thread_and_answered(tiny_bundle: Bundle) -> None:
    obeyed: list[str] = []

    class Noting(Animator):
        def calibrate(self) -> None:
            obeyed.append(threading.current_thread().name)

    animator = Noting(FakeEngine(), tiny_bundle)
    animator.set_source(np.full((64, 64, 3), 100, np.uint8))
    commands = CommandQueue()
    reply = commands.post(Command.CALIBRATE)
    LiveLoop(ScriptedCamera(_slowly(3)), animator, RecordingSink(), commands).run()
    assert obeyed == ["animate"]
    assert "neutral" in reply.result(timeout=0)


def test_progress_is_told_while_running(tiny_bundle: Bundle) -> None:
    reports: list[RunReport] = []
    loop, _ = _loop(tiny_bundle, ScriptedCamera(_slowly(20)), RecordingSink())
    loop.run(reports.append)
    assert reports
    assert reports[-1].frames > 0


def test_offline_delivers_every_frame_however_slow(tiny_bundle: Bundle) -> None:
    sink = RecordingSink(delay_s=0.01)
    report = run_offline(ScriptedCamera([128] * 10), _animator(tiny_bundle), sink, CommandQueue())
    assert [frame.index for frame in sink.frames] == list(range(10))
    assert (report.frames, report.dropped) == (10, 0)


def test_offline_stops_at_a_limit_and_on_quit(tiny_bundle: Bundle) -> None:
    sink, commands = RecordingSink(), CommandQueue()
    run_offline(ScriptedCamera([128] * 10), _animator(tiny_bundle), sink, commands, LoopLimits(frames=4))
    assert len(sink.frames) == 4
    commands.post(Command.QUIT)
    run_offline(ScriptedCamera([128] * 10), _animator(tiny_bundle), sink, commands)
    assert len(sink.frames) == 4


def test_live_with_time_to_spare_delivers_what_offline_does(tiny_bundle: Bundle) -> None:
    script = [step for level in (40, 80, 120) for step in (level, PAUSE_S)]
    live, offline = RecordingSink(), RecordingSink()
    _loop(tiny_bundle, ScriptedCamera(script), live)[0].run()
    run_offline(ScriptedCamera(script), _animator(tiny_bundle), offline, CommandQueue())
    assert len(live.frames) == len(offline.frames) == 3
    for one, other in zip(live.frames, offline.frames, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
