"""Timing of a run: the age of frames at the sink, the time of each stage, and the report at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

BIN_MS = 0.1
LONGEST_MS = 10_000.0


class AgeHistogram:
    """Ages in steps of 0.1 ms up to 10 s. Its memory stays flat however long the run. Owned by one thread."""

    def __init__(self) -> None:
        self._counts = np.zeros(round(LONGEST_MS / BIN_MS) + 1, np.int64)
        self._total = 0

    def add(self, age_s: float) -> None:
        """Counts one age; anything beyond 10 s counts as 10 s."""
        age_ms = min(max(age_s * 1000, 0.0), LONGEST_MS)
        self._counts[round(age_ms / BIN_MS)] += 1
        self._total += 1

    def percentile_ms(self, percent: float) -> float:
        """The smallest age that percent of all ages do not exceed, in ms; nan before the first."""
        if self._total == 0:
            return float("nan")
        wanted = max(1, int(np.ceil(self._total * percent / 100)))
        return float(np.searchsorted(np.cumsum(self._counts), wanted) * BIN_MS)


@dataclass(slots=True)
class Stopwatch:
    """Seconds spent and visits made per stage. Owned by the thread that runs the stages."""

    seconds: dict[str, float] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the time the body takes to the stage called name."""
        started_s = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started_s
            self.visits[name] = self.visits.get(name, 0) + 1

    def means_ms(self) -> dict[str, float]:
        """Mean time of each stage in ms, in the order of their first visit."""
        return {name: 1000 * spent / self.visits[name] for name, spent in self.seconds.items()}


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did at its first sink.

    frames: of the driver, each counted once however often its picture was repeated; seconds from the first to the last;
    ages are theirs. sent: pictures, repeated ones included, with the longest time between two of them. camera_fps: as
    frames came from the camera of late, live only.
    """

    frames: int
    seconds: float
    dropped: int
    age_p50_ms: float
    age_p95_ms: float
    age_p99_ms: float
    sent: int = 0
    sent_seconds: float = 0.0
    longest_gap_ms: float = 0.0
    camera_fps: float = 0.0

    @property
    def fps(self) -> float:
        """Frames delivered per second; 0 for fewer than two."""
        return (self.frames - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def output_fps(self) -> float:
        """Pictures sent per second, repeated ones included; 0 for fewer than two."""
        return (self.sent - 1) / self.sent_seconds if self.sent_seconds > 0 else 0.0

    def __str__(self) -> str:
        line = f"{self.frames} frames in {self.seconds:.1f} s, {self.fps:.1f} fps, {self.dropped} dropped"
        if self.sent > self.frames:
            line += f"; {self.sent} pictures sent at {self.output_fps:.2f} a second"
        if np.isnan(self.age_p50_ms):
            return line
        return (
            f"{line}; age at the sink p50 {self.age_p50_ms:.0f} p95 {self.age_p95_ms:.0f} p99 {self.age_p99_ms:.0f} ms"
        )
