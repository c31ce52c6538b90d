"""The two ways to run: live, on threads that never wait for a slower one, and offline, as a plain loop."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Condition, Event
from typing import Protocol

from realtime.clock import Clock, Running, SystemClock
from realtime.control.command_table import Part
from realtime.controls import CommandQueue, Obey
from realtime.devices.cameras import Camera
from realtime.errors import DeviceError, HungThreadError
from realtime.figures.arrival_rate import ArrivalRate
from realtime.figures.tally import Tally
from realtime.frames import AnimatedFrame, Frame
from realtime.freshness import Freshness
from realtime.governor import Governor
from realtime.mailbox import Mailbox, MailboxClosed
from realtime.output.sender import Arrival, Outlet, Sender
from realtime.timing import RunReport

POLL_S = 0.1

Progress = Callable[[RunReport], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """When to stop by itself (frames: output pictures), and how long to wait for what."""

    seconds: float | None = None
    frames: int | None = None
    join_s: float = 5.0
    first_frame_s: float = 15.0


class FrameAnimator(Protocol):
    """What the loop asks of an animator."""

    handlers: Mapping[str, Obey]

    def animate(self, frame: Frame) -> AnimatedFrame:
        """The portrait at the moment of frame."""


@dataclass(frozen=True, slots=True, eq=False)
class _Capture:
    """A frame and when it came into the mailbox."""

    frame: Frame
    at_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """The work of one thread, and the mailboxes beside it: it closes them when it ends, so that the others end too."""

    name: str
    work: Callable[[], None]
    beside: tuple[Mailbox, ...]


class LiveLoop:
    """Camera thread -> mailbox -> animate thread -> mailbox -> sending thread -> a mailbox and a thread for each sink.

    A slow stage makes the one before it replace unread frames; nothing queues. The sending thread keeps its rate
    whatever the others do. A thread that ends, for whatever reason, ends the others; only a sink that fails beside
    others is left behind, and its failure raised at the end. The devices stay the caller's to close.
    """

    def __init__(
        self,
        camera: Camera,
        animator: FrameAnimator,
        sender: Sender,
        commands: CommandQueue,
        limits: LoopLimits | None = None,
        clock: Clock | None = None,
        governor: Governor | None = None,
    ) -> None:
        self._governor, self._skipped = governor, 0
        self._camera, self._animator, self._sender = camera, animator, sender
        self._commands = commands
        commands.attend(Part.OUTPUT)
        self._limits = limits or LoopLimits()
        self._clock = clock or SystemClock()
        self._captured: Mailbox[_Capture] = Mailbox(self._clock)
        self._animated: Mailbox[Arrival] = Mailbox(self._clock)
        self._arrived, self._arrivals, self._freshness = Event(), ArrivalRate(), Freshness()
        self._over = Condition()
        self._failures: list[BaseException] = []
        self._lost_sinks: list[DeviceError] = []

    def run(self, *progress: Progress) -> RunReport:
        """What was delivered until the camera ended, a limit was reached or someone quit.

        Raises the first failure of any thread with its traceback; HungThreadError, with its name, if one does not end.
        """
        stages = self._stages()
        threads = [self._clock.start(stage.name, partial(self._guarded, stage)) for stage in stages]
        try:
            self._wait(threads, progress)
        finally:
            self._camera.stop()
            for stage in stages:
                for mailbox in stage.beside:
                    mailbox.close()
            hung = _join(threads, self._limits.join_s, self._clock)
        if self._failures:
            raise self._failures[0]
        if hung:
            raise HungThreadError(
                f"the {hung[0]} thread did not end within {self._limits.join_s:g} s",
                hint=f"camera {self._camera.name} or {self._sender.name} may hang: unplug it, or restart its driver",
            )
        if self._lost_sinks:
            raise self._lost_sinks[0]
        return self._report()

    def _stages(self) -> list[_Stage]:
        outlets = self._sender.outlets
        return [
            _Stage("camera", self._capture, (self._captured,)),
            _Stage("animate", self._animate, (self._captured, self._animated)),
            _Stage("sending", self._send, (self._animated, *(outlet.mailbox for outlet in outlets))),
            *(_Stage(f"sink {o.sink.name}", partial(self._deliver, o), (o.mailbox,)) for o in outlets),
        ]

    def _capture(self) -> None:
        for frame in self._camera.frames():
            self._arrived.set()
            self._arrivals.add(frame.captured_at)
            self._captured.put(_Capture(frame, self._clock.now_s()))

    def _animate(self) -> None:
        while True:
            capture = self._captured.take_within(POLL_S)  # commands are obeyed without a camera too
            self._commands.carry_out(Part.ANIMATOR, self._animator.handlers)
            if capture is None:
                continue
            began_s = self._clock.now_s()
            if self._skips(began_s) or self._freshness.is_stale(began_s - capture.at_s, self._arrivals.hz(began_s)):
                self._skipped += 1
                continue
            animated = self._animator.animate(capture.frame)
            ready_s = self._clock.now_s()
            self._freshness.worked(ready_s - began_s)
            self._animated.put(Arrival(animated, ready_s))

    def _skips(self, now_s: float) -> bool:
        """Whether the governor leaves out the frame that is there now."""
        if self._governor is None:
            return False
        self._governor.steer(now_s)
        return self._governor.skips(now_s)

    def _send(self) -> None:
        self._sender.send_all(self._animated, self._commands)

    def _deliver(self, outlet: Outlet) -> None:
        try:
            judge = self._governor if outlet is self._sender.outlets[0] else None
            outlet.deliver(self._limits.frames, judge.add if judge else None)
        except DeviceError as error:
            outlet.failed = True
            if all(other.failed for other in self._sender.outlets):
                raise
            log.error("%s; the run goes on without it", error.message)
            self._lost_sinks.append(error)
            outlet.sink.close()

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
            with self._over:
                self._over.notify_all()

    def _wait(self, threads: Sequence[Running], progress: tuple[Progress, ...]) -> None:
        """Returns when every thread has ended; at a failure, the time limit or a wish to quit."""
        started_s = self._clock.now_s()
        while True:
            with self._over:
                ended = self._clock.wait_for(self._over, lambda: self._has_ended(threads), POLL_S)
            waited_s = self._clock.now_s() - started_s
            if ended or self._commands.quitting:
                return
            if self._limits.seconds is not None and waited_s >= self._limits.seconds:
                return
            if not self._arrived.is_set() and waited_s > self._limits.first_frame_s and not self._camera.recovers:
                raise DeviceError(
                    f"{self._camera.name}: no picture within {self._limits.first_frame_s:g} s",
                    hint="check the camera, or choose another with --camera",
                )
            for show in progress:
                show(self._report())

    def _has_ended(self, threads: Sequence[Running]) -> bool:
        return bool(self._failures) or not any(thread.is_alive() for thread in threads)

    def _report(self) -> RunReport:
        report = self._sender.report(self._captured.dropped + self._skipped + self._animated.dropped)
        return replace(report, camera_fps=self._arrivals.hz(self._clock.now_s()))


def run_offline(
    camera: Camera,
    animator: FrameAnimator,
    sender: Sender,
    commands: CommandQueue,
    limits: LoopLimits | None = None,
    *progress: Progress,
) -> RunReport:
    """What was delivered: every frame of the camera, in order; ends early at a limit or when someone quits."""
    limits, clock, tally = limits or LoopLimits(), SystemClock(), Tally()
    started_s = clock.now_s()
    for frame in camera.frames():
        if commands.quitting:
            break
        sender.send_one(animator.animate(frame))
        tally.add(clock.now_s(), fresh=True)
        report = tally.report()
        for show in progress:
            show(report)
        if tally.frames == limits.frames:
            break
        if limits.seconds is not None and clock.now_s() - started_s >= limits.seconds:
            break
    return tally.report()


def _join(threads: Sequence[Running], deadline_s: float, clock: Clock) -> list[str]:
    """Names of the threads still running after deadline_s."""
    until_s = clock.now_s() + deadline_s
    for thread in threads:
        thread.join(max(0.0, until_s - clock.now_s()))
    return [thread.name for thread in threads if thread.is_alive()]
