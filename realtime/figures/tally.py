"""What reached a sink: counts, rates, ages."""

from threading import Lock

from realtime.timing import AgeHistogram, RunReport


class Tally:
    """Written by the thread that delivers, read by any."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ages = AgeHistogram()
        self._sent = self._fresh = 0
        self._first_sent_s = self._last_sent_s = self._first_fresh_s = self._last_fresh_s = 0.0
        self._longest_gap_s = 0.0

    def add(self, now_s: float, *, fresh: bool, age_s: float | None = None) -> None:
        """Counts one picture delivered now; a fresh one shows a frame of the driver for the first time."""
        with self._lock:
            if self._sent == 0:
                self._first_sent_s = now_s
            else:
                self._longest_gap_s = max(self._longest_gap_s, now_s - self._last_sent_s)
            self._last_sent_s = now_s
            self._sent += 1
            if not fresh:
                return
            if self._fresh == 0:
                self._first_fresh_s = now_s
            self._last_fresh_s = now_s
            self._fresh += 1
            if age_s is not None:
                self._ages.add(age_s)

    @property
    def frames(self) -> int:
        """Pictures delivered, fresh or repeated."""
        return self._sent

    def report(self, dropped: int = 0) -> RunReport:
        """All of it, so far."""
        with self._lock:
            p50, p95, p99 = (self._ages.percentile_ms(percent) for percent in (50, 95, 99))
            fresh_s, sent_s = self._last_fresh_s - self._first_fresh_s, self._last_sent_s - self._first_sent_s
            gap_ms = 1000 * self._longest_gap_s
            return RunReport(self._fresh, fresh_s, dropped, p50, p95, p99, self._sent, sent_s, gap_ms)
