"""Watches who reads the virtual cameras, so that the real camera is on only while somebody looks (Linux)."""

import logging
import sys
from collections.abc import Sequence
from threading import Thread

from realtime.closing import Closing
from realtime.demand import Demand
from realtime.devices.holders import holders
from realtime.devices.sinks import Sink

SETTLING_MS = 200  # a program that only asks what the camera can do is gone by then
LINGER_S = 5.0  # the camera stays on so long after the last reader: calls reopen it when their settings change
LOOK_AGAIN_MS = 1000

log = logging.getLogger(__name__)


def watched_devices(sinks: Sequence[Sink]) -> list[str]:
    """The devices whose readers decide; none where any sink is looked at anyway, or its system cannot tell."""
    devices = [sink.reader_device for sink in sinks]
    return [device for device in devices if device] if sys.platform == "linux" and all(devices) else []


class ReaderCount:
    """How many other programs have one device open: those seen in /proc, and those only heard opening it."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._heard = 0

    def opened(self) -> None:
        """One more, of whatever user."""
        self._heard += 1

    def closed(self) -> None:
        """One less; it may have been there before we listened."""
        self._heard = max(0, self._heard - 1)

    def readers(self) -> int:
        """As many as are known of. A reader that cannot be seen counts: when in doubt the camera is on."""
        return max(self._heard, len(holders(self._device)))


class ReaderWatch(Closing):
    """Tells demand whether any of devices has a reader, on a thread of its own. Raises OSError without inotify."""

    def __init__(self, devices: Sequence[str], demand: Demand) -> None:
        from inotify_simple import INotify, flags

        self._demand = demand
        self._closed = False
        self._opening, self._closing = flags.OPEN, flags.CLOSE_WRITE | flags.CLOSE_NOWRITE
        self._inotify = INotify()
        self._counts = {
            self._inotify.add_watch(device, self._opening | self._closing): ReaderCount(device) for device in devices
        }
        self._readers = self._count()
        self._idle_ms = 0
        demand.set(self._readers > 0)
        log.info("%s: %s", ", ".join(devices), _told(self._readers))
        self._thread = Thread(target=self._watch, name="reader watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops watching; closing twice is safe."""
        self._closed = True
        self._thread.join(2 * LOOK_AGAIN_MS / 1000)
        if not self._thread.is_alive():
            self._inotify.close()

    def _watch(self) -> None:
        while not self._closed:
            heard = self._heard(LOOK_AGAIN_MS)
            if heard:
                heard |= self._heard(SETTLING_MS)
            self._tell(self._count(), 0 if heard else LOOK_AGAIN_MS)

    def _heard(self, timeout_ms: int) -> bool:
        """Whether anything was opened or closed within timeout_ms; counts it."""
        events = self._inotify.read(timeout=timeout_ms)
        for event in events:
            if event.wd in self._counts:
                count = self._counts[event.wd]
                count.opened() if event.mask & self._opening else count.closed()
        return bool(events)

    def _tell(self, readers: int, passed_ms: int) -> None:
        self._idle_ms = 0 if readers else self._idle_ms + passed_ms
        if readers != self._readers:
            log.info("virtual camera: %s", _told(readers))
            self._readers = readers
        wanted = readers > 0 or (self._demand.wanted and self._idle_ms < LINGER_S * 1000)
        if wanted != self._demand.wanted:
            self._demand.set(wanted)

    def _count(self) -> int:
        return sum(count.readers() for count in self._counts.values())


def _told(readers: int) -> str:
    return "nobody looks" if readers == 0 else f"{readers} program{'s' if readers > 1 else ''} looking"
