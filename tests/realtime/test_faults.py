"""Random faults against the whole loop: no camera pixel at a sink, no gap, no hang, no lost recording."""

import logging
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.animator import Animator
from realtime.bundle import Bundle
from realtime.controls import Command, CommandQueue
from realtime.demand import Demand
from realtime.devices.lasting_camera import LastingCamera
from realtime.devices.recording import VideoFileSink
from realtime.devices.sinks import Sink
from realtime.engines.base import DeviceTensor, DeviceTensors
from realtime.errors import DeviceError
from realtime.frames import AnimatedFrame, Frame, OutputFrame, Size
from realtime.loop import LiveLoop, LoopLimits
from realtime.manifest import GraphName
from realtime.output.canvas import Canvas
from realtime.output.machine import OutputMachine, OutputTimes
from realtime.output.sender import Sender
from tests.fake_clock import FakeClock
from tests.fake_driver import Fault, Missing, Pictures, Plug, Silence
from tests.fakes import FakeEngine, RecordingSink
from tests.realtime.live_runs import portrait_animator
from tests.recordings import recorded_frames

SEQUENCES, RECORDED = 1000, 50
SIZE = Size(64, 36)
OUTPUT_HZ = 30.0
WISHES = ("freeze", "freeze on", "freeze off", "away", "away off", "calibrate", "motion")

steps = st.one_of(
    st.integers(1, 40).map(Pictures),
    st.floats(0.05, 8).map(Silence),
    st.just(Fault()),
    st.integers(1, 6).map(Missing),
)
scripts = st.lists(steps, max_size=8).map(lambda script: [Pictures(1), *script])
events = st.lists(st.tuples(st.floats(0.1, 9), st.sampled_from([*WISHES, "look away", "look again"])), max_size=6)


class _StallingEngine(FakeEngine):
    """Now and then takes a second over a frame."""

    def __init__(self, clock: FakeClock, seed: int) -> None:
        super().__init__()
        self._clock, self._random = clock, Random(seed)

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        if graph == "animate":  # once a frame: thrice would be longer than the loop waits for a thread
            self._clock.sleep(self._random.choice([0.005] * 30 + [0.3, 1.2]))
        return super().run(graph, inputs, into)


class _FullDisk(RecordingSink):
    def send(self, frame: OutputFrame) -> None:
        if len(self.frames) == 20:
            raise DeviceError("no space left", hint="make room")
        super().send(frame)


class _Run:
    """One live run under one sequence of faults."""

    def __init__(
        self,
        bundle: Bundle,
        script: list,
        seed: int,
        *,
        animator: Animator | None = None,
        recording: Sink | None = None,
    ) -> None:
        self.clock = FakeClock(seed)
        self.demand, self.commands = Demand(self.clock), CommandQueue()
        self.plug = Plug(script, self.clock)
        self.camera = LastingCamera(self.plug.open_driver, self.demand, self.clock)
        self.call = RecordingSink(clock=self.clock)
        self.slow = RecordingSink(delay_s=Random(seed).choice([0.0, 0.01, 0.2]), clock=self.clock)
        self.full = _FullDisk(clock=self.clock)
        self.animator = animator = animator or portrait_animator(bundle, _StallingEngine(self.clock, seed))
        machine = OutputMachine(Canvas(SIZE, badge=False), animator.at_rest(), OutputTimes())
        sinks = [self.call, self.slow, self.full, *([recording] if recording else [])]
        self.sender = Sender(machine, sinks, OUTPUT_HZ, demand=self.demand, clock=self.clock)
        limits = LoopLimits(join_s=3)
        self.loop = LiveLoop(self.camera, animator, self.sender, self.commands, limits, self.clock)

    def go(self, events: list[tuple[float, str]], seconds: float) -> None:
        """Ends as a user ends it; the one failure to be told is the full disk, which is part of every run."""
        self.clock.start("user", lambda: self._use(events, seconds))
        try:
            with pytest.raises(DeviceError, match="no space left"):
                self.loop.run()
        finally:
            self.camera.close()
            self.sender.close()
            self.clock.end()
            self.animator.close()  # ends its reader of portraits

    def _use(self, events: list[tuple[float, str]], seconds: float) -> None:
        began_s = self.clock.now_s()
        for at_s, wish in sorted(event for event in events if event[0] < seconds):
            self.clock.sleep(began_s + at_s - self.clock.now_s())
            if wish.startswith("look"):
                self.demand.set(wish == "look again")
            else:
                name, _, argument = wish.partition(" ")
                self.commands.post(Command(name, argument))
        self.clock.sleep(began_s + seconds - self.clock.now_s())
        self.commands.post(Command.QUIT)


@given(scripts, events, st.floats(1, 4), st.integers(0, 2**32))
@settings(max_examples=RECORDED, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_whatever_fails_the_recording_plays_to_its_end(
    tiny_bundle: Bundle, script: list, events: list[tuple[float, str]], seconds: float, seed: int
) -> None:
    logging.disable(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "call.mp4"
            run = _Run(tiny_bundle, script, seed, recording=VideoFileSink(path, SIZE, OUTPUT_HZ))
            run.go(events, seconds)
            frames = recorded_frames(path)
    finally:
        logging.disable(logging.NOTSET)
    assert len(frames) == run.sender.outlets[-1].tally.frames == pytest.approx(len(run.call.frames), abs=2)
    for frame in frames:
        assert int(np.ptp(frame.pixels.astype(int), axis=2).max()) < 12  # grey but for the codec's rounding


def _leaks(frames: list[OutputFrame]) -> bool:
    """Whether anything of a marked camera picture is in frames: the portrait is grey, the mark is not."""
    distinct = {id(frame.pixels): frame.pixels for frame in frames}
    return any((pixels.min(axis=2) != pixels.max(axis=2)).any() for pixels in distinct.values())


def _longest_gap_s(frames: list[OutputFrame]) -> float:
    return float(np.diff([frame.shown_at for frame in frames]).max())


@pytest.mark.timeout(600)
@given(scripts, events, st.floats(3, 10), st.integers(0, 2**32))
@settings(max_examples=SEQUENCES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_whatever_fails_the_output_is_steady_and_holds_no_camera_pixel(
    tiny_bundle: Bundle, script: list, events: list[tuple[float, str]], seconds: float, seed: int
) -> None:
    logging.disable(logging.CRITICAL)
    try:
        run = _Run(tiny_bundle, script, seed)
        run.go(events, seconds)
    finally:
        logging.disable(logging.NOTSET)
    for sink in (run.call, run.slow, run.full):
        assert not _leaks(sink.frames)
        assert sink.closed
    assert _longest_gap_s(run.call.frames) <= 2 / OUTPUT_HZ
    assert len(run.call.frames) == pytest.approx(OUTPUT_HZ * seconds, rel=0.01, abs=6)
    assert [frame.index for frame in run.call.frames] == list(range(len(run.call.frames)))
    assert run.slow.frames[-1].index >= run.call.frames[-1].index - 8  # to the end, however slow


def test_the_search_for_camera_pixels_finds_them(tiny_bundle: Bundle) -> None:
    class Leaking(Animator):
        def animate(self, frame: Frame) -> AnimatedFrame:
            return AnimatedFrame(frame.pixels, self.at_rest().resting, frame.index, frame.captured_at)

    leaking = Leaking(FakeEngine(), tiny_bundle)
    leaking.set_source(np.full((64, 64, 3), 100, np.uint8))
    run = _Run(tiny_bundle, [Pictures(60)], seed=1, animator=leaking)
    run.go([], 3)
    assert _leaks(run.call.frames)


def test_no_thread_outlives_its_run(tiny_bundle: Bundle) -> None:
    before = threading.active_count()
    for seed in range(5):
        _Run(tiny_bundle, [Pictures(10), Silence(60.0), Fault(), Missing(3)], seed).go([(0.5, "away")], 3)
    until_s = time.monotonic() + 30
    while threading.active_count() > before:
        assert time.monotonic() < until_s, [thread.name for thread in threading.enumerate()]
        time.sleep(0.05)
