"""What a run takes from the machine while it runs: processor time, memory, and energy where the system tells."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

EVERY_S = 0.5
# Linux, Intel and AMD; readable by root alone on most systems.
ENERGY_COUNTER = Path("/sys/class/powercap/intel-rapl:0/energy_uj")


@dataclass(slots=True)
class Consumption:
    """Samples every half second. cpu_percent: 100 is one core. joules: of the whole processor; None if not told."""

    cpu_percent: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    open_files: list[float] = field(default_factory=list)
    joules: float | None = None


@contextmanager
def consumption_of_this_process() -> Iterator[Consumption]:
    """Fills its samples while the body runs."""
    taken, ended = Consumption(), threading.Event()
    sampler = threading.Thread(target=_sample, args=(taken, ended), name="consumption", daemon=True)
    before_uj = _energy_uj()
    sampler.start()
    try:
        yield taken
    finally:
        ended.set()
        sampler.join()
        after_uj = _energy_uj()
        # The counter starts over now and then: such a run is not told.
        if before_uj is not None and after_uj is not None and after_uj >= before_uj:
            taken.joules = (after_uj - before_uj) / 1e6


def _sample(taken: Consumption, ended: threading.Event) -> None:
    process = psutil.Process()
    last_s, last_cpu_s = time.monotonic(), sum(process.cpu_times()[:2])
    while not ended.wait(EVERY_S):
        now_s, cpu_s = time.monotonic(), sum(process.cpu_times()[:2])
        taken.cpu_percent.append(100 * (cpu_s - last_cpu_s) / (now_s - last_s))
        taken.memory_mb.append(process.memory_info().rss / 2**20)
        taken.open_files.append(process.num_handles() if psutil.WINDOWS else process.num_fds())
        last_s, last_cpu_s = now_s, cpu_s


def _energy_uj() -> int | None:
    try:
        return int(ENERGY_COUNTER.read_text())
    except (OSError, ValueError):
        return None
