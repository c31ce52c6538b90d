"""How fast frames really come, whatever a camera says of itself."""

from collections import deque
from threading import Lock

WINDOW_S = 2.0


class ArrivalRate:
    """Over the last two seconds. One thread adds, any thread asks."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()
        self._lock = Lock()

    def add(self, at_s: float) -> None:
        """Counts a frame that was born at at_s; times must grow."""
        with self._lock:
            self._times_s.append(at_s)
            self._forget(at_s)

    def hz(self, now_s: float) -> float:
        """Frames per second at now_s; 0 for fewer than two in the last two seconds."""
        with self._lock:
            self._forget(now_s)
            if len(self._times_s) < 2:
                return 0.0
            spent_s = self._times_s[-1] - self._times_s[0]
            # A camera that has stopped must not keep the rate it had.
            spent_s = max(spent_s, (now_s - self._times_s[0]) * (1 - 1 / len(self._times_s)))
            return (len(self._times_s) - 1) / spent_s if spent_s > 0 else 0.0

    def _forget(self, now_s: float) -> None:
        while self._times_s and self._times_s[0] < now_s - WINDOW_S:
            self._times_s.popleft()
