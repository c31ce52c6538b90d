"""Whether anybody looks at what is sent: the camera and the engine rest while nobody does."""

from threading import Condition

from realtime.clock import Clock, SystemClock


class Demand:
    """Set by whoever watches the readers, waited for by the camera, asked by the sender. Wanted at first."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._changed = Condition()
        self._wanted = True

    @property
    def wanted(self) -> bool:
        """Whether somebody looks."""
        return self._wanted

    def set(self, wanted: bool) -> None:
        """Tells everyone who waits."""
        with self._changed:
            self._wanted = wanted
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Whether somebody looks, after waiting for that at most timeout_s."""
        with self._changed:
            return self._clock.wait_for(self._changed, lambda: self._wanted, timeout_s)
