"""The two ways to run: live, on three threads that never wait for a slower one, and offline, as a plain loop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread

from realtime.animator import Animator
from realtime.command_table import Part
from realtime.controls import CommandQueue
from realtime.devices.cameras import Camera
from realtime.devices.sinks import Sink
from realtime.errors import DeviceError, HungThreadError
from realtime.frames import Frame
from realtime.mailbox import Mailbox, MailboxClosed
from realtime.timing import AgeHistogram, RunReport

POLL_S = 0.1

Progress = Callable[[RunReport], None]


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """When to stop by itself, and how long to wait for what."""

    seconds: float | None = None
    frames: int | None = None
    join_s: float = 5.0
    first_frame_s: float = 15.0


class _Tally:
    """What reached the sink. Written by the thread that sends, read by any."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ages = AgeHistogram()
        self._frames = 0
        self._first_s = self._last_s = 0.0

    def add(self, age_s: float | None = None) -> None:
        with self._lock:
            self._last_s = time.monotonic()
            if self._frames == 0:
                self._first_s = self._last_s
            self._frames += 1
            if age_s is not None:
                self._ages.add(age_s)

    @property
    def frames(self) -> int:
        return self._frames

    def report(self, dropped: int = 0) -> RunReport:
        with self._lock:
            p50, p95, p99 = (self._ages.percentile_ms(percent) for percent in (50, 95, 99))
            return RunReport(self._frames, self._last_s - self._first_s, dropped, p50, p95, p99)


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """The work of one thread, and the mailboxes beside it: it closes both when it ends, so that the others end too."""

    name: str
    work: Callable[[], None]
    beside: tuple[Mailbox[Frame], ...]


class LiveLoop:
    """Camera thread -> mailbox -> animate thread -> mailbox -> sink thread.

    A slow stage makes the one before it replace unread frames; nothing queues. A thread that ends, for whatever reason,
    ends the others. The devices stay the caller's to close.
    """

    def __init__(
        self, camera: Camera, animator: Animator, sink: Sink, commands: CommandQueue, limits: LoopLimits | None = None
    ) -> None:
        self._camera, self._animator, self._sink = camera, animator, sink
        self._commands = commands
        self._limits = limits or LoopLimits()
        self._captured: Mailbox[Frame] = Mailbox()
        self._animated: Mailbox[Frame] = Mailbox()
        self._tally = _Tally()
        self._arrived = Event()
        self._failures: list[BaseException] = []

    def run(self, *progress: Progress) -> RunReport:
        """What was delivered until the camera ended, a limit was reached or someone quit.

        Raises the first failure of any thread with its traceback; HungThreadError, with its name, if one does not end.
        """
        stages = (
            _Stage("camera", self._capture, (self._captured,)),
            _Stage("animate", self._animate, (self._captured, self._animated)),
            _Stage("sink", self._deliver, (self._animated,)),
        )
        threads = [Thread(target=self._guarded, args=(stage,), name=stage.name, daemon=True) for stage in stages]
        for thread in threads:
            thread.start()
        try:
            self._wait(threads[-1], progress)
        finally:
            self._captured.close()
            self._animated.close()
            hung = _join(threads, self._limits.join_s)
        if self._failures:
            raise self._failures[0]
        if hung:
            raise HungThreadError(
                f"the {hung[0]} thread did not end within {self._limits.join_s:g} s",
                hint=f"camera {self._camera.name} or sink {self._sink.name} may hang: unplug it, or restart its driver",
            )
        return self._report()

    def _capture(self) -> None:
        for frame in self._camera.frames():
            self._arrived.set()
            self._captured.put(frame)

    def _animate(self) -> None:
        for frame in self._captured:
            self._commands.carry_out(Part.ANIMATOR, self._animator.handlers)
            self._animated.put(self._animator.animate(frame))

    def _deliver(self) -> None:
        for frame in self._animated:
            self._sink.send(frame)
            self._tally.add(time.monotonic() - frame.captured_at)
            if self._tally.frames == self._limits.frames:
                return

    def _guarded(self, stage: _Stage) -> None:
        try:
            stage.work()
        except MailboxClosed:
            pass
        except BaseException as error:
            error.add_note(f"in the {stage.name} thread")
            self._failures.append(error)
        finally:
            for mailbox in stage.beside:
                mailbox.close()

    def _wait(self, sink_thread: Thread, progress: tuple[Progress, ...]) -> None:
        """Returns when the sink thread, the last to end, has ended; at a failure, the time limit or a wish to quit."""
        started_s = time.monotonic()
        while sink_thread.is_alive() and not self._failures and not self._commands.quitting:
            sink_thread.join(POLL_S)
            waited_s = time.monotonic() - started_s
            if self._limits.seconds is not None and waited_s >= self._limits.seconds:
                return
            if not self._arrived.is_set() and waited_s > self._limits.first_frame_s:
                raise DeviceError(
                    f"{self._camera.name}: no picture within {self._limits.first_frame_s:g} s",
                    hint="check the camera, or choose another with --camera",
                )
            for show in progress:
                show(self._report())

    def _report(self) -> RunReport:
        return self._tally.report(self._captured.dropped + self._animated.dropped)


def run_offline(
    camera: Camera,
    animator: Animator,
    sink: Sink,
    commands: CommandQueue,
    limits: LoopLimits | None = None,
    progress: Progress | None = None,
) -> RunReport:
    """What was delivered: every frame of the camera, in order; ends early at a limit or when someone quits."""
    limits = limits or LoopLimits()
    tally, started_s = _Tally(), time.monotonic()
    for frame in camera.frames():
        if commands.quitting:
            break
        sink.send(animator.animate(frame))
        tally.add()
        if progress:
            progress(tally.report())
        if tally.frames == limits.frames:
            break
        if limits.seconds is not None and time.monotonic() - started_s >= limits.seconds:
            break
    return tally.report()


def _join(threads: list[Thread], deadline_s: float) -> list[str]:
    """Names of the threads still running after deadline_s."""
    until_s = time.monotonic() + deadline_s
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
    return [thread.name for thread in threads if thread.is_alive()]
