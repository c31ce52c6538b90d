"""Measures glass to glass: a stripe painted into the camera's picture is read again where the picture comes out.

Painting a camera stands for a scene that shows the stripe; a real camera may film one, or be fed by another program
that draws it. Only the number crosses from the driver's picture to the output, never a pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from realtime.clock import Clock, SystemClock
from realtime.devices.around import AroundCamera, AroundSink
from realtime.devices.cameras import Camera
from realtime.devices.sinks import Sink
from realtime.figures.stripe import age_ms, birth_number, draw_stripe, read_stripe
from realtime.frames import Frame, OutputFrame, Pixels

REMEMBERED_FRAMES = 256


class StripePainter(AroundCamera):
    """Paints when it was born into every frame of a camera, as if the camera had seen it so."""

    def frames(self) -> Iterator[Frame]:
        """The camera's frames, striped."""
        for frame in self.inner.frames():
            pixels = frame.pixels.copy()
            draw_stripe(pixels, birth_number(frame.captured_at))
            yield Frame(pixels, frame.index, frame.captured_at)


class StripeCarrier(AroundCamera):
    """Reads the stripe of every frame of a camera, so that `stamp` can draw it over the output of that frame.

    The camera's thread reads, the sending thread stamps. unread counts frames without a stripe.
    """

    def __init__(self, camera: Camera) -> None:
        super().__init__(camera)
        self.unread = 0
        self._numbers: dict[int, int] = {}
        self._lock = Lock()

    def frames(self) -> Iterator[Frame]:
        """The camera's frames, as they are."""
        for frame in self.inner.frames():
            number = read_stripe(frame.pixels)
            if number is None:
                self.unread += 1
            else:
                with self._lock:
                    self._numbers[frame.index] = number
                    self._numbers.pop(frame.index - REMEMBERED_FRAMES, None)
            yield frame

    def stamp(self, pixels: Pixels, driver_index: int | None) -> Pixels:
        """pixels [h, w, 3] of an output picture with the stripe of the driver's frame it shows, where that had one."""
        with self._lock:
            number = None if driver_index is None else self._numbers.get(driver_index)
        if number is None:
            return pixels
        stamped = pixels.copy()
        draw_stripe(stamped, number)
        return stamped


@dataclass(frozen=True, slots=True)
class Sighting:
    """A picture seen for the first time: when, on the clock of time.monotonic(), and how old it was."""

    at_s: float
    age_ms: float


class StripeMeter:
    """Ages of pictures that come out, each counted when it is first seen. Owned by the thread that looks."""

    def __init__(self) -> None:
        self.sightings: list[Sighting] = []
        self.unread = 0
        self._last: int | None = None

    def see(self, pixels: Pixels, now_s: float) -> None:
        """Takes the age of pixels [h, w, 3], which were seen at now_s of time.monotonic()."""
        number = read_stripe(pixels)
        if number is None:
            self.unread += 1
        elif number != self._last:
            self._last = number
            self.sightings.append(Sighting(now_s, age_ms(number, now_s)))

    def ages_ms(self, since_s: float = 0.0) -> list[float]:
        """The ages of pictures first seen after since_s."""
        return [sighting.age_ms for sighting in self.sightings if sighting.at_s >= since_s]


class StripeReadingSink(AroundSink):
    """Sees every picture just after its sink took it."""

    def __init__(self, sink: Sink, meter: StripeMeter, clock: Clock | None = None) -> None:
        super().__init__(sink)
        self._meter = meter
        self._clock = clock or SystemClock()

    def send(self, frame: OutputFrame) -> None:
        """Sends the picture on, then reads it."""
        super().send(frame)
        self._meter.see(frame.pixels, self._clock.now_s())
