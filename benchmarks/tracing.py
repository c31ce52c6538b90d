"""Follows every frame from the camera to the sink, around the product's own parts and through its own stopwatch.

A frame's age falls into what was timed: capture, wait_animate, the animator's stages, wait_tick, canvas, wait_send,
send. The waits lie between marks of two threads; time inside the animator that no stage of it covers stays unexplained,
and shows.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from realtime.animator import Animator, AnimatorOptions
from realtime.bundle import Bundle
from realtime.devices.around import AroundCamera, AroundSink
from realtime.devices.cameras import Camera
from realtime.devices.sinks import Sink
from realtime.engines.base import Engine
from realtime.faces.detector import FaceDetector
from realtime.frames import AnimatedFrame, Frame, OutputFrame
from realtime.output.machine import OutputMachine
from realtime.timing import Stopwatch

ANIMATOR_STAGES = ("find", "crop", "upload", "keypoints", "transfer", "animate", "download", "compose")
STAGES = ("capture", "wait_animate", *ANIMATOR_STAGES, "wait_tick", "canvas", "wait_send", "send")


@dataclass(slots=True)
class FrameTimes:
    """When one frame passed which door; seconds of time.monotonic(), stages in seconds spent."""

    index: int
    born_s: float
    given_s: float
    decode_s: float
    taken_s: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    animated_s: float = 0.0
    presenting_s: float = 0.0
    presented_s: float = 0.0
    sending_s: float = 0.0
    sent_s: float = 0.0

    @property
    def age_ms(self) -> float:
        """From its birth to its delivery."""
        return 1000 * (self.sent_s - self.born_s)

    @property
    def ready_ms(self) -> float:
        """From its birth until it is animated: what the constant rate of the output, waited for next, cannot hide."""
        return 1000 * (self.animated_s - self.born_s)

    def stages_ms(self) -> dict[str, float]:
        """What was timed between birth and delivery, by name. Their sum falls short of the age by what was not."""
        spent_s = {
            "capture": self.given_s - self.born_s,
            "wait_animate": self.taken_s - self.given_s,
            **self.stages,
            "wait_tick": self.presenting_s - self.animated_s,
            "canvas": self.presented_s - self.presenting_s,
            "wait_send": self.sending_s - self.presented_s,
            "send": self.sent_s - self.sending_s,
        }
        return {name: 1000 * seconds for name, seconds in spent_s.items()}


class Trace:
    """The times of each frame, of the last `keep` delivered ones or of all.

    The camera's thread makes an entry; the threads after it write their own fields.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._passing: dict[int, FrameTimes] = {}
        self._delivered: deque[FrameTimes] = deque(maxlen=keep)

    @property
    def delivered(self) -> tuple[FrameTimes, ...]:
        """The frames that reached the sink, in order."""
        return tuple(self._delivered)

    def begin(self, index: int, times: FrameTimes) -> None:
        """A frame leaves the camera."""
        self._passing[index] = times

    def of(self, index: int | None) -> FrameTimes | None:
        """The times of a camera's frame on its way; None once it was delivered."""
        return None if index is None else self._passing.get(index)

    def end(self, times: FrameTimes) -> None:
        """The frame is at the sink; older ones that never came are forgotten."""
        self._delivered.append(times)
        for index in list(self._passing):  # a copy: the camera's thread goes on adding
            if index <= times.index:
                del self._passing[index]


class TracedCamera(AroundCamera):
    """Notes when each frame is handed out, and how long the camera worked on it.

    offline: frames are born when handed out, since there captured_at is the time within the clip.
    """

    def __init__(self, camera: Camera, trace: Trace, decoding: "DecodeClock | None", offline: bool = False) -> None:
        super().__init__(camera)
        self._trace, self._decoding, self._offline = trace, decoding, offline

    def frames(self) -> Iterator[Frame]:
        for frame in self.inner.frames():
            now_s = time.monotonic()
            born_s = now_s if self._offline else frame.captured_at
            decode_s = self._decoding.last_s if self._decoding else 0.0
            self._trace.begin(frame.index, FrameTimes(frame.index, born_s, now_s, decode_s))
            yield frame


class DecodeClock(AroundCamera):
    """Around a recorded camera, below its pacing: how long it took over the last frame."""

    def __init__(self, recorded: Camera) -> None:
        super().__init__(recorded)
        self.last_s = 0.0

    def frames(self) -> Iterator[Frame]:
        frames = self.inner.frames()
        while True:
            started_s = time.monotonic()
            frame = next(frames, None)
            if frame is None:
                return
            self.last_s = time.monotonic() - started_s
            yield frame


class TracedAnimator(Animator):
    """Notes when a frame is taken up, what its stages cost, and when it is done."""

    def __init__(
        self,
        engine: Engine,
        bundle: Bundle,
        options: AnimatorOptions,
        detector: FaceDetector | None,
        stopwatch: Stopwatch,
        trace: Trace,
    ) -> None:
        super().__init__(engine, bundle, options, detector, stopwatch)
        self._watch, self._trace = stopwatch, trace

    def animate(self, frame: Frame) -> AnimatedFrame:
        taken_s, before = time.monotonic(), dict(self._watch.seconds)
        animated = super().animate(frame)
        if (times := self._trace.of(frame.index)) is not None:
            times.taken_s = taken_s
            times.stages = {
                name: total - before.get(name, 0.0)
                for name, total in self._watch.seconds.items()
                if total != before.get(name, 0.0)
            }
            times.animated_s = time.monotonic()
        return animated


class TracedMachine(OutputMachine):
    """Notes when a frame's picture is first composed, and how long that took; `trace` is set after it is made."""

    trace: Trace

    def picture_at(self, now_s: float) -> OutputFrame:
        started_s = time.monotonic()
        return self._noted(super().picture_at(now_s), started_s)

    def picture_of(self, frame: AnimatedFrame) -> OutputFrame:
        started_s = time.monotonic()
        return self._noted(super().picture_of(frame), started_s)

    def _noted(self, picture: OutputFrame, started_s: float) -> OutputFrame:
        times = self.trace.of(picture.driver_index)
        if times is not None and not times.presented_s:
            times.presenting_s, times.presented_s = started_s, time.monotonic()
        return picture


class TracedSink(AroundSink):
    """Notes when a frame is first delivered, and how long that took; a repeat of it is no news."""

    def __init__(self, sink: Sink, trace: Trace) -> None:
        super().__init__(sink)
        self._trace = trace

    def send(self, frame: OutputFrame) -> None:
        sending_s = time.monotonic()
        super().send(frame)
        times = self._trace.of(frame.driver_index)
        if times is not None:
            times.sending_s, times.sent_s = sending_s, time.monotonic()
            self._trace.end(times)
