"""Makes one stage slower by a known time: whoever doubts the ruler puts 20 ms in and sees whether it finds them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.tracing import ANIMATOR_STAGES
from realtime.devices.around import AroundCamera, AroundSink
from realtime.devices.cameras import Camera
from realtime.devices.sinks import Sink
from realtime.errors import SettingsError
from realtime.frames import Frame, OutputFrame
from realtime.timing import Stopwatch

INJECTABLE = ("decode", *ANIMATOR_STAGES, "send")


@dataclass(frozen=True, slots=True)
class Delay:
    """seconds more in every visit to a stage."""

    stage: str
    seconds: float


def parse_delay(text: str) -> Delay:
    """The delay written as STAGE=MILLISECONDS, such as animate=20. Raises SettingsError."""
    stage, _, milliseconds = text.partition("=")
    try:
        delay = Delay(stage, float(milliseconds) / 1000)
    except ValueError:
        delay = Delay("", 0.0)
    if delay.stage not in INJECTABLE or not delay.seconds > 0:
        raise SettingsError(
            f"--inject {text}: not a stage and milliseconds",
            hint=f"write for example --inject animate=20; stages are: {', '.join(INJECTABLE)}",
        )
    return delay


class DelayedStopwatch(Stopwatch):
    """Sleeps inside one stage of the animator."""

    __slots__ = ("_delay",)

    def __init__(self, delay: Delay) -> None:
        super().__init__()
        self._delay = delay

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        with super().stage(name):
            if name == self._delay.stage:
                time.sleep(self._delay.seconds)
            yield


class DelayedCamera(AroundCamera):
    """Sleeps before every frame."""

    def __init__(self, camera: Camera, delay: Delay) -> None:
        super().__init__(camera)
        self._delay = delay

    def frames(self) -> Iterator[Frame]:
        frames = self.inner.frames()
        while True:
            time.sleep(self._delay.seconds)
            frame = next(frames, None)
            if frame is None:
                return
            yield frame


class DelayedSink(AroundSink):
    """Sleeps while it sends."""

    def __init__(self, sink: Sink, delay: Delay) -> None:
        super().__init__(sink)
        self._delay = delay

    def send(self, frame: OutputFrame) -> None:
        time.sleep(self._delay.seconds)
        super().send(frame)
