"""A run that times itself: an injected delay is found within a frame, and the report can be read."""

from collections import deque

import pytest

from realtime.bundle import Bundle
from realtime.clock import Clock
from realtime.controls import CommandQueue
from realtime.devices.sinks import NullSink
from realtime.engines.base import DeviceTensors
from realtime.figures.latency import Sighting, StripeCarrier, StripeMeter, StripeReadingSink
from realtime.figures.measuring import striped, summary, timing_pictures
from realtime.frames import OutputFrame, Size
from realtime.loop import LiveLoop
from realtime.manifest import GraphName
from realtime.output.canvas import Canvas
from realtime.output.machine import OutputMachine
from realtime.output.sender import Sender
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine, RecordingSink, ScriptedCamera
from tests.realtime.live_runs import portrait_animator

FRAME_MS = 1000 / 30


class _LateSink(StripeReadingSink):
    """Shows each picture so much later: a driver's queue, a call's own buffer."""

    def __init__(self, meter: StripeMeter, clock: Clock, delay_s: float) -> None:
        super().__init__(NullSink(), meter, clock)
        self._delay_s = delay_s
        self._waiting: deque[tuple[float, OutputFrame]] = deque()

    def send(self, frame: OutputFrame) -> None:
        self._waiting.append((self._clock.now_s() + self._delay_s, frame))
        while self._waiting and self._waiting[0][0] <= self._clock.now_s():
            super().send(self._waiting.popleft()[1])


def _median_ms(bundle: Bundle, engine_delay_s: float = 0.0, sink_delay_s: float = 0.0) -> float:
    clock = FakeClock()

    class Delayed(FakeEngine):
        def run(self, graph: GraphName, *arguments: object, **options: object) -> DeviceTensors:
            if graph == "detect_keypoints":
                clock.sleep(engine_delay_s)
            return super().run(graph, *arguments, **options)  # type: ignore[arg-type]

    meter = StripeMeter()
    script: list[int | float | str | Exception] = [step for _ in range(90) for step in (128, 1 / 30)]
    camera, stamp = striped(ScriptedCamera(script, clock=clock))
    animator = portrait_animator(bundle, Delayed())
    machine = OutputMachine(Canvas(Size(320, 180), badge=False), animator.at_rest(), stamp=stamp)
    sender = Sender(machine, [_LateSink(meter, clock, sink_delay_s)], 30, clock=clock)
    LiveLoop(camera, animator, sender, CommandQueue(), clock=clock).run()
    clock.end()
    assert len(meter.sightings) > 60
    return sorted(meter.ages_ms())[len(meter.sightings) // 2]


@pytest.mark.parametrize(("engine_delay_s", "sink_delay_s"), [(0.025, 0), (0, 0.05), (0, 0.4)])
def test_an_injected_delay_is_found_within_a_frame(
    tiny_bundle: Bundle, engine_delay_s: float, sink_delay_s: float
) -> None:
    longer_ms = _median_ms(tiny_bundle, engine_delay_s, sink_delay_s) - _median_ms(tiny_bundle)
    assert longer_ms == pytest.approx(1000 * (engine_delay_s + sink_delay_s), abs=FRAME_MS)


def test_a_webcam_is_read_but_not_painted() -> None:
    class Webcam(ScriptedCamera):
        recovers = True

    camera, _ = striped(Webcam([128]))
    assert isinstance(camera, StripeCarrier)
    (frame,) = camera.frames()
    assert (frame.pixels == 128).all()
    assert camera.unread == 1


def test_without_a_stripe_the_report_says_so(tiny_bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    machine = OutputMachine(Canvas(Size(64, 64)), portrait_animator(tiny_bundle).at_rest())
    sender = Sender(machine, [RecordingSink()], 30, clock=clock)
    with timing_pictures(sender):
        assert [sink.name for sink in sender.sinks] == ["recording:", "null:"]
    assert capsys.readouterr().out == "latency from glass to glass: no picture with a stripe was seen\n"


def test_the_report_tells_percentiles() -> None:
    meter = StripeMeter()
    meter.sightings.extend(Sighting(at_s=float(count), age_ms=float(count)) for count in range(101))
    assert summary(meter) == "latency from glass to glass p50 50 p95 95 p99 99 ms over 101 pictures"
