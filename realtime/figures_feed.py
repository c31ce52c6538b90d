"""Turns a run's totals into the figures of the last second, for the HUD and for `ctl status`."""

import time

from realtime.dashboard import Dashboard, Figures
from realtime.timing import RunReport, Stopwatch

EVERY_S = 0.5


class FiguresFeed:
    """Keeps the dashboard's figures fresh. Called by one thread, as often as it likes."""

    def __init__(self, dashboard: Dashboard, stopwatch: Stopwatch, engine: str) -> None:
        self._dashboard, self._stopwatch, self._engine = dashboard, stopwatch, engine
        self._last_s = time.monotonic()
        self._frames = self._captured = 0
        self._seconds: dict[str, float] = {}
        self._visits: dict[str, int] = {}

    def show(self, report: RunReport) -> None:
        """Takes the totals of report, if half a second has passed since the last."""
        now_s = time.monotonic()
        spent_s = now_s - self._last_s
        if spent_s < EVERY_S:
            return
        captured = report.frames + report.dropped
        seconds, visits = dict(self._stopwatch.seconds), dict(self._stopwatch.visits)
        self._dashboard.figures = Figures(
            fps=round((report.frames - self._frames) / spent_s, 1),
            camera_fps=round((captured - self._captured) / spent_s, 1),
            age_p50_ms=round(report.age_p50_ms, 1),
            age_p95_ms=round(report.age_p95_ms, 1),
            dropped=report.dropped,
            stages_ms={name: self._mean_ms(name, seconds, visits) for name in seconds},
            engine=self._engine,
        )
        self._last_s, self._frames, self._captured = now_s, report.frames, captured
        self._seconds, self._visits = seconds, visits

    def _mean_ms(self, name: str, seconds: dict[str, float], visits: dict[str, int]) -> float:
        """Mean time of a stage since the last figures."""
        count = visits.get(name, 0) - self._visits.get(name, 0)
        return round(1000 * (seconds[name] - self._seconds.get(name, 0.0)) / count, 2) if count > 0 else 0.0
