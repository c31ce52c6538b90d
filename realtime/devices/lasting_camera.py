"""A camera that outlives its faults: unplugged, taken, frozen or hung, it is opened again until it gives pictures."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Condition

from realtime.clock import Clock, Running, SystemClock
from realtime.closing import Closing
from realtime.demand import Demand
from realtime.devices.cameras import Camera
from realtime.errors import DeviceError
from realtime.frames import Frame, Pixels
from realtime.mailbox import Mailbox, MailboxClosed

SILENCE_S = 2.5  # without a picture for so long, a camera counts as frozen
BACK_OFF_S = (0.25, 0.5, 1.0, 2.0, 4.0)  # between tries; the last for all further ones
GONE_AFTER_S = 1.0  # how long a driver may take to give its camera back
MEASURED_S = 3.0
POOR_RATE = 0.8  # of the rate the driver named

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture [h, w, 3] uint8 RGB, and when it was taken, on the clock of time.monotonic()."""

    pixels: Pixels
    at_s: float


class CameraDriver(Closing):
    """An opened camera, which may fail or hang. One thread reads it, and the same thread closes it."""

    name: str
    rate_hz: float  # as the driver names it

    @abstractmethod
    def read(self) -> Shot:
        """The next picture; waits for it. Raises DeviceError when the camera stops."""


class _Reader:
    """Reads one driver on a thread of its own, which alone touches it: a hung driver holds up nobody else."""

    def __init__(self, driver: CameraDriver, clock: Clock) -> None:
        self.driver = driver
        self.shots: Mailbox[Shot] = Mailbox(clock)
        self.failure: BaseException | None = None
        self._left = False
        self._thread: Running = clock.start(f"reader of {driver.name}", self._read)

    def leave(self, wait_s: float) -> bool:
        """Whether the driver gave its camera back within wait_s. It does so later otherwise, if it ever answers."""
        self._left = True
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _read(self) -> None:
        try:
            while not self._left:
                self.shots.put(self.driver.read())
        except MailboxClosed:
            pass
        except BaseException as error:  # told to the camera's thread, which tells a fault from a bug
            self.failure = error
        finally:
            self.driver.close()
            self.shots.close()


class LastingCamera(Camera):
    """Frames for as long as it is open, whatever the driver does; nothing while nobody demands them.

    open_driver opens the camera, wherever it is now, or raises DeviceError; the first failure is the caller's.
    """

    recovers = True

    def __init__(
        self, open_driver: Callable[[], CameraDriver], demand: Demand | None = None, clock: Clock | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._open_driver = open_driver
        self._demand = demand or Demand(self._clock)
        self._changed = Condition()
        self._closed = False
        self._index = 0
        self._lost_s: float | None = None
        driver = open_driver()
        self.name, self.rate_hz = driver.name, driver.rate_hz
        self._reader: _Reader | None = _Reader(driver, self._clock)

    def frames(self) -> Iterator[Frame]:
        """Frames [h, w, 3], their indices counting on over every fault. Ends when closed."""
        while not self._closed:
            if not self._demand.wanted:
                self._rest()
            elif self._reader is None:
                self._reader = self._opened_again()
            else:
                yield from self._frames_of(self._reader)

    def stop(self) -> None:
        """Ends every wait of frames()."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if (reader := self._reader) is not None:
            reader.shots.close()

    def close(self) -> None:
        """Gives the camera back, and says so if its driver does not answer; closing twice is safe."""
        self.stop()
        self._leave()

    def _frames_of(self, reader: _Reader) -> Iterator[Frame]:
        """Until the camera fails or falls silent, nobody looks any more, or it is closed."""
        measured = _MeasuredRate(reader.driver)
        while self._demand.wanted and not self._closed:
            try:
                shot = reader.shots.take_within(SILENCE_S)
            except MailboxClosed:
                self._lost(reader.failure)
                return
            if shot is None:
                self._lost(DeviceError(f"{reader.driver.name}: froze", hint="plug it in again"))
                return
            measured.count(self._clock.now_s())
            yield Frame(shot.pixels, self._index, shot.at_s)
            self._index += 1

    def _lost(self, failure: BaseException | None) -> None:
        self._leave()
        if isinstance(failure, DeviceError):
            self._lost_s = self._clock.now_s()
            log.warning("%s; looking for it until it returns", failure.message)
        elif failure is not None:
            raise failure

    def _opened_again(self) -> _Reader | None:
        """A reader of the camera, once it is back; None if it was closed, or nobody looks, before that."""
        tries = 0
        while self._demand.wanted and not self._closed:
            try:
                reader = _Reader(self._open_driver(), self._clock)
            except DeviceError as error:
                log.debug("%s", error.message)
            else:
                if self._lost_s is not None:
                    log.info("%s: back after %.0f s", reader.driver.name, self._clock.now_s() - self._lost_s)
                    self._lost_s = None
                return reader
            self._pause(BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
            tries += 1
        return None

    def _rest(self) -> None:
        """Gives the camera back until somebody looks."""
        if self._reader is not None:
            log.info("%s: nobody looks, so the camera rests", self.name)
            self._leave()
        self._demand.wait(BACK_OFF_S[0])

    def _leave(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.leave(GONE_AFTER_S):
            log.warning("%s: its driver does not answer, so it is left behind", reader.driver.name)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._clock.wait_for(self._changed, lambda: self._closed, seconds)


class _MeasuredRate:
    """Says once how fast a camera really is: what drivers name is what they were asked for."""

    def __init__(self, driver: CameraDriver) -> None:
        self._driver, self._frames, self._told = driver, 0, False
        self._first_s = 0.0

    def count(self, now_s: float) -> None:
        """Counts one picture; times run from the first to this one."""
        self._first_s = self._first_s if self._frames else now_s
        self._frames += 1
        spent_s = now_s - self._first_s
        if self._told or spent_s < MEASURED_S:
            return
        self._told, rate_hz = True, (self._frames - 1) / spent_s
        log.info("%s: gives %.1f pictures a second", self._driver.name, rate_hz)
        if rate_hz < POOR_RATE * self._driver.rate_hz:
            log.warning("%s: slower than the %.4g it names; more light helps", self._driver.name, self._driver.rate_hz)
