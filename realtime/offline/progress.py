"""A progress line: one that rewrites itself on a terminal, a plain one every few seconds elsewhere."""

import time
from typing import TextIO

import numpy as np

from realtime.timing import RunReport

TERMINAL_EVERY_S = 0.2
PLAIN_EVERY_S = 5.0


class ProgressLine:
    """Shows how a run is doing. Called by one thread, as often as it likes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()
        self._every_s = TERMINAL_EVERY_S if self._rewrites else PLAIN_EVERY_S
        self._last_s = time.monotonic()
        self._last_frames = 0
        self._width = 0

    def show(self, report: RunReport) -> None:
        """Writes a line if it is time for one."""
        now_s = time.monotonic()
        spent_s = now_s - self._last_s
        if spent_s < self._every_s:
            return
        line = _described(report, (report.frames - self._last_frames) / spent_s)
        self._last_s, self._last_frames = now_s, report.frames
        if self._rewrites:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Leaves the terminal on a fresh line."""
        if self._width:
            self._stream.write("\n")
            self._stream.flush()
            self._width = 0


def _described(report: RunReport, fps: float) -> str:
    line = f"{report.frames} frames, {fps:.1f} fps, {report.dropped} dropped"
    if report.sent > report.frames:
        line += f", sending {report.output_fps:.1f} a second"
    return line if np.isnan(report.age_p50_ms) else f"{line}, age p50 {report.age_p50_ms:.0f} ms"
