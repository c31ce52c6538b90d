"""Turns a run's totals into the figures of the last moments, for the HUD and for `ctl status`."""

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from realtime.figures.dashboard import Dashboard, Figures
from realtime.timing import RunReport, Stopwatch

EVERY_S = 0.5
RATE_OVER = 4  # so many times EVERY_S: over less, a rate jumps by whole frames


class Computing(Protocol):
    """What computes, and in which precision just now."""

    @property
    def name(self) -> str:
        """Of the engine."""

    @property
    def precision(self) -> str:
        """May change between two frames."""


class FiguresFeed:
    """Keeps the dashboard's figures fresh. Called by one thread, as often as it likes."""

    def __init__(
        self,
        dashboard: Dashboard,
        stopwatch: Stopwatch,
        engine: Computing,
        camera_hz: float,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dashboard, self._stopwatch, self._camera_hz = dashboard, stopwatch, camera_hz
        self._engine = engine
        self._now_s = now_s
        self._frames: deque[tuple[float, int]] = deque([(now_s(), 0)], maxlen=RATE_OVER + 1)  # when there were how many
        self._seconds: dict[str, float] = {}
        self._visits: dict[str, int] = {}

    def show(self, report: RunReport) -> None:
        """Takes the totals of report, if half a second has passed since the last."""
        now_s = self._now_s()
        if now_s - self._frames[-1][0] < EVERY_S:
            return
        self._frames.append((now_s, report.frames))
        since_s, frames = self._frames[0]
        seconds, visits = dict(self._stopwatch.seconds), dict(self._stopwatch.visits)
        self._dashboard.figures = Figures(
            fps=round((report.frames - frames) / (now_s - since_s), 1),
            camera_fps=round(report.camera_fps, 1),
            camera_named_fps=round(self._camera_hz, 2),
            age_p50_ms=round(report.age_p50_ms, 1),
            age_p95_ms=round(report.age_p95_ms, 1),
            dropped=report.dropped,
            stages_ms={name: self._mean_ms(name, seconds, visits) for name in seconds},
            engine=self._engine.name,
            precision=self._engine.precision,
        )
        self._seconds, self._visits = seconds, visits

    def _mean_ms(self, name: str, seconds: dict[str, float], visits: dict[str, int]) -> float:
        """Mean time of a stage since the last figures."""
        count = visits.get(name, 0) - self._visits.get(name, 0)
        return round(1000 * (seconds[name] - self._seconds.get(name, 0.0)) / count, 2) if count > 0 else 0.0
