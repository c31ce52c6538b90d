"""The sender: one output picture at every tick, to every sink, whatever the threads before it do."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from realtime.clock import Clock, SystemClock
from realtime.closing import Closing
from realtime.control.command_table import Part
from realtime.controls import CommandQueue
from realtime.demand import Demand
from realtime.devices.sinks import Sink
from realtime.errors import DeviceError
from realtime.figures.tally import Tally
from realtime.frames import AnimatedFrame, OutputFrame, Size
from realtime.mailbox import Mailbox, MailboxClosed
from realtime.output.machine import OutputMachine
from realtime.output.pacer import Pacer
from realtime.output.screenshots import save_screenshot
from realtime.timing import RunReport

NoteAge = Callable[[float, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """An animated frame and when it was ready."""

    frame: AnimatedFrame
    at_s: float


class Outlet:
    """One sink with the mailbox before it: a sink that is slow, or hangs, holds up no other."""

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self.sink = sink
        self.mailbox: Mailbox[OutputFrame] = Mailbox(clock)
        self.tally = Tally()
        self.failed = False
        self._clock = clock
        self._last_driver_index: int | None = None

    def deliver(self, limit: int | None = None, note: NoteAge | None = None) -> None:
        """Sends what comes into the mailbox until it is closed, or limit pictures were sent. Raises DeviceError.

        note is told the age of each fresh picture, and when it was sent.
        """
        for frame in self.mailbox:
            self.sink.send(frame)
            age_s = self._counted(frame)
            if note and age_s is not None:
                note(age_s, self._clock.now_s())
            if self.tally.frames == limit:
                return

    def _counted(self, frame: OutputFrame) -> float | None:
        """The age of a picture that is fresh."""
        now_s = self._clock.now_s()
        fresh = frame.driver_index is not None and frame.driver_index != self._last_driver_index
        age_s = None if frame.captured_at is None else now_s - frame.captured_at
        self.tally.add(now_s, fresh=fresh, age_s=age_s)
        if not fresh:
            return None
        self._last_driver_index = frame.driver_index
        return age_s


class Sender(Closing):
    """Owns the output machine, the pace and the sinks. send_all is the sending thread's, send_one an offline run's."""

    def __init__(
        self,
        machine: OutputMachine,
        sinks: Sequence[Sink],
        rate_hz: float,
        screenshots: Path = Path("out/screenshots"),
        demand: Demand | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._demand = demand or Demand(self._clock)
        self._machine = machine
        self._rate_hz = rate_hz
        self._screenshots = screenshots
        self._shown: OutputFrame | None = None
        self._fresh = 0
        self._last_driver_index: int | None = None
        self.outlets = tuple(Outlet(sink, self._clock) for sink in sinks)
        self.name = ", ".join(f"sink {sink.name}" for sink in sinks)

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """Where it sends to."""
        return tuple(outlet.sink for outlet in self.outlets)

    @property
    def size(self) -> Size:
        """Of every picture."""
        return self._machine.size

    def add_sink(self, sink: Sink) -> None:
        """One more, before the run begins."""
        self.outlets = (*self.outlets, Outlet(sink, self._clock))

    def send_all(self, animated: Mailbox[Arrival], commands: CommandQueue) -> None:
        """A picture at every tick, the last repeated while nothing new comes, until animated is closed and empty."""
        handlers = {**self._machine.handlers, "screenshot": self._obey_screenshot}
        pacer = Pacer(self._rate_hz, self._clock.now_s())
        while True:
            self._clock.sleep(pacer.due_s - self._clock.now_s())
            now_s = self._clock.now_s()
            commands.carry_out(Part.OUTPUT, handlers)
            waited_s = self._take_newest(animated, now_s)
            if not self._demand.wanted:
                self._machine.rest(now_s)
            self._hand_out(self._machine.picture_at(now_s))
            pacer.sent(now_s, waited_s)

    def send_one(self, frame: AnimatedFrame) -> None:
        """Offline: frame at its own time, to every sink, however long they take. Raises DeviceError."""
        picture = self._machine.picture_of(frame)
        for outlet in self.outlets:
            outlet.sink.send(picture)

    def close(self) -> None:
        """Closes every sink, also when another fails to; closing twice is safe."""
        with ExitStack() as closing:
            for outlet in self.outlets:
                closing.callback(outlet.sink.close)

    def report(self, dropped_before: int) -> RunReport:
        """What the first sink got. dropped_before: frames that never came this far."""
        tally = self.outlets[0].tally.report()
        return self.outlets[0].tally.report(dropped_before + max(0, self._fresh - tally.frames))

    def _take_newest(self, animated: Mailbox[Arrival], now_s: float) -> float | None:
        """How long the newest animated frame has waited, None if there is no new one."""
        arrival = animated.take_within(0)
        if arrival is None:
            return None
        self._machine.take(arrival.frame, now_s)
        return now_s - arrival.at_s

    def _hand_out(self, picture: OutputFrame) -> None:
        if picture.driver_index not in (None, self._last_driver_index):
            self._fresh += 1
            self._last_driver_index = picture.driver_index
        self._shown = picture
        open_outlets = 0
        for outlet in self.outlets:
            try:
                outlet.mailbox.put(picture)
                open_outlets += 1
            except MailboxClosed:
                continue
        if not open_outlets:
            raise MailboxClosed

    def _obey_screenshot(self, _argument: str) -> str:
        if self._shown is None:
            raise DeviceError("nothing has been shown yet", hint="wait for the first picture")
        return f"saved {save_screenshot(self._shown.pixels, self._screenshots)}"
