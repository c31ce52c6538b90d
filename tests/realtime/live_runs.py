"""A LiveLoop over fakes, on a fake clock: seconds of a run take milliseconds, and go the same way each time."""

from collections.abc import Sequence

import numpy as np

from realtime.animator import Animator, AnimatorOptions
from realtime.bundle import Bundle
from realtime.controls import CommandQueue
from realtime.devices.cameras import Camera
from realtime.devices.sinks import Sink
from realtime.frames import Size
from realtime.loop import LiveLoop, LoopLimits
from realtime.output.canvas import Canvas
from realtime.output.machine import OutputMachine, OutputTimes
from realtime.output.sender import Sender
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine
from tests.tiny_bundle import SIZE

PORTRAIT_LEVEL = 100


def portrait_animator(bundle: Bundle, engine: FakeEngine | None = None) -> Animator:
    """Animates a grey portrait."""
    animator = Animator(engine or FakeEngine(), bundle, AnimatorOptions(smoothing=False))
    animator.set_source(np.full((SIZE, SIZE, 3), PORTRAIT_LEVEL, np.uint8))
    return animator


def sender_to(
    sinks: Sequence[Sink], animator: Animator, clock: FakeClock, rate_hz: float, times: OutputTimes | None = None
) -> Sender:
    """Sends square pictures without a badge."""
    machine = OutputMachine(Canvas(Size(SIZE, SIZE), badge=False), animator.at_rest(), times)
    return Sender(machine, sinks, rate_hz, clock=clock)


def live_loop(
    bundle: Bundle,
    camera: Camera,
    sinks: Sequence[Sink],
    clock: FakeClock,
    *,
    commands: CommandQueue | None = None,
    limits: LoopLimits | None = None,
    engine: FakeEngine | None = None,
    rate_hz: float = 100.0,
) -> LiveLoop:
    """Everything but the camera and the sinks made for it."""
    animator = portrait_animator(bundle, engine)
    sender = sender_to(sinks, animator, clock, rate_hz)
    return LiveLoop(camera, animator, sender, commands or CommandQueue(), limits, clock)
