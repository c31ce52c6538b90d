"""A camera driver that fails as real ones do, by a script, on a fake clock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realtime.clock import Clock
from realtime.devices.lasting_camera import CameraDriver, Shot
from realtime.errors import DeviceError
from tests.tiny_bundle import SIZE

MARK = (255, 0, 255)  # a colour that no grey portrait has
PERIOD_S = 1 / 30


@dataclass(frozen=True)
class Pictures:
    """So many marked pictures, one each thirtieth of a second."""

    count: int


@dataclass(frozen=True)
class Silence:
    """Nothing comes for so long, then it goes on: dropped buffers, a frozen camera, a driver that hangs."""

    seconds: float


@dataclass(frozen=True)
class Fault:
    """The driver says that it is over."""


@dataclass(frozen=True)
class Missing:
    """The camera cannot be opened at that many tries: unplugged, or another program has it."""

    tries: int


Step = Pictures | Silence | Fault | Missing


class Plug:
    """Where a camera is plugged in: its drivers follow one script, and after it give pictures for ever."""

    def __init__(self, script: Sequence[Step], clock: Clock) -> None:
        self._steps = list(script)
        self._clock = clock
        self._missing = 0
        self.open = self.opened = self.tried = 0

    def open_driver(self) -> CameraDriver:
        self.tried += 1
        while self._steps and isinstance(step := self._steps[0], Missing):
            self._steps.pop(0)
            self._missing += step.tries
        if self._missing:
            self._missing -= 1
            raise DeviceError("the camera is gone", hint="plug it in")
        self.open += 1
        self.opened += 1
        return _Driver(self, self._clock)

    def next_step(self) -> Step:
        return self._steps.pop(0) if self._steps else Pictures(1)


class _Driver(CameraDriver):
    def __init__(self, plug: Plug, clock: Clock) -> None:
        self.name, self.rate_hz = "webcam:fake", 30.0
        self._plug, self._clock = plug, clock
        self._left = 0

    def read(self) -> Shot:
        while not self._left:
            step = self._plug.next_step()
            if isinstance(step, Pictures):
                self._left = step.count
            elif isinstance(step, Silence):
                self._clock.sleep(step.seconds)
            else:
                raise DeviceError("stopped giving pictures", hint="plug it in again")
        self._left -= 1
        self._clock.sleep(PERIOD_S)
        return Shot(np.full((SIZE, SIZE, 3), MARK, np.uint8), self._clock.now_s())

    def close(self) -> None:
        self._plug.open -= 1
