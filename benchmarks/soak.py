"""`soak`: the loop for a long time. Memory and open files must stay where they were, the picture fresh and regular."""

import argparse
import time
from collections.abc import Sequence

import numpy as np
import psutil

from benchmarks.recorder import Recorder
from benchmarks.rig import EngineOpener, Rig, add_rig_flags, open_rig, rig_settings
from realtime.controls import CommandQueue
from realtime.engines.catalogue import open_engine
from realtime.loop import LiveLoop, LoopLimits
from realtime.timing import RunReport

HELP = "the loop for a long time: growth of memory and open files, steadiness of age and rate"
FRAMES_KEPT = 600
SHARE_OF_ENDS = 5  # growth is from the first to the last fifth


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `soak`."""
    add_rig_flags(parser)
    parser.add_argument("--threads", type=int, help="of the inference runtime (default its own choice)")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--every", type=float, default=10.0, help="seconds from one sample to the next (default 10)")


def measure(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener = open_engine) -> None:
    """Adds a sample per interval to `age_p50`, `age_p95`, `rate`, `output_rate`, `cpu`, `memory`, `open_files`."""
    settings = rig_settings(options, options.threads)
    seconds = 60 * options.minutes
    with open_rig(settings, realtime=True, opener=opener, keep=FRAMES_KEPT) as rig:
        watch = _Watch(rig, options.every, recorder)
        loop = LiveLoop(rig.camera, rig.animator, rig.sender, CommandQueue(), LoopLimits(seconds))
        with recorder.bar("Soaking", round(seconds)) as advance:
            try:
                loop.run(watch.look, lambda _report: advance(time.monotonic() - watch.started_s))
            finally:
                watch.record_growth()


class _Watch:
    """Samples a running loop. Its callbacks run in the thread that waits for the loop."""

    def __init__(self, rig: Rig, every_s: float, recorder: Recorder) -> None:
        self._rig, self._every_s, self._recorder = rig, every_s, recorder
        self._process = psutil.Process()
        self._memory_mb: list[float] = []
        self._files: list[float] = []
        self._last_report: RunReport | None = None
        self._last_cpu_s = self._cpu_s()
        self.started_s = self._last_s = time.monotonic()

    def look(self, report: RunReport) -> None:
        """Takes a sample if one is due."""
        now_s = time.monotonic()
        spent_s = now_s - self._last_s
        if spent_s < self._every_s:
            return
        add = self._recorder.add
        if self._last_report is not None:  # the first interval is the warm-up
            add("rate", "1/s", (report.frames - self._last_report.frames) / spent_s, better="higher")
            add("output_rate", "1/s", (report.sent - self._last_report.sent) / spent_s, better="higher")
            add("cpu", "%", 100 * (self._cpu_s() - self._last_cpu_s) / spent_s)
            ages_ms = [times.age_ms for times in self._rig.trace.delivered if times.sent_s >= self._last_s]
            if ages_ms:
                add("age_p50", "ms", float(np.percentile(ages_ms, 50)))
                add("age_p95", "ms", float(np.percentile(ages_ms, 95)))
            self._memory_mb.append(self._process.memory_info().rss / 2**20)
            self._files.append(self._process.num_handles() if psutil.WINDOWS else self._process.num_fds())
            add("memory", "MB", self._memory_mb[-1])
            add("open_files", "count", self._files[-1])
        self._last_report, self._last_s, self._last_cpu_s = report, now_s, self._cpu_s()

    def record_growth(self) -> None:
        """Adds how far memory and open files went from the first fifth of the run to the last."""
        if len(self._memory_mb) >= SHARE_OF_ENDS:
            self._recorder.add("memory_growth", "MB", _growth(self._memory_mb))
            self._recorder.add("open_files_growth", "count", _growth(self._files))

    def _cpu_s(self) -> float:
        return float(sum(self._process.cpu_times()[:2]))


def _growth(samples: Sequence[float]) -> float:
    end = len(samples) // SHARE_OF_ENDS
    return float(np.median(samples[-end:]) - np.median(samples[:end]))
