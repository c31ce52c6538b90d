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
POWERCAP = Path("/sys/class/powercap")
PACKAGES = "intel-rapl:[0-9]"  # one for each processor; its parts, such as intel-rapl:0:1, are counted in it


@dataclass(slots=True)
class Consumption:
    """Samples every half second. cpu_percent: 100 is one core.

    joules: of all processors, whoever used them, in so many seconds; None if not told.
    """

    cpu_percent: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    open_files: list[float] = field(default_factory=list)
    joules: float | None = None
    seconds: float = 0.0


@contextmanager
def consumption_of_this_process(powercap: Path = POWERCAP) -> Iterator[Consumption]:
    """Fills its samples while the body runs; the energy is there when it has ended."""
    taken, ended = Consumption(), threading.Event()
    sampler = threading.Thread(target=_sample, args=(taken, ended), name="consumption", daemon=True)
    before_uj, began_s = _energy_uj(powercap), time.monotonic()
    sampler.start()
    try:
        yield taken
    finally:
        taken.joules = _joules(powercap, before_uj, _energy_uj(powercap))
        taken.seconds = time.monotonic() - began_s
        ended.set()
        sampler.join()


def _sample(taken: Consumption, ended: threading.Event) -> None:
    process = psutil.Process()
    last_s, last_cpu_s = time.monotonic(), sum(process.cpu_times()[:2])
    while not ended.wait(EVERY_S):
        now_s, cpu_s = time.monotonic(), sum(process.cpu_times()[:2])
        taken.cpu_percent.append(100 * (cpu_s - last_cpu_s) / (now_s - last_s))
        taken.memory_mb.append(process.memory_info().rss / 2**20)
        taken.open_files.append(process.num_handles() if psutil.WINDOWS else process.num_fds())
        last_s, last_cpu_s = now_s, cpu_s


def _joules(powercap: Path, before_uj: dict[str, int], after_uj: dict[str, int]) -> float | None:
    if not before_uj or before_uj.keys() != after_uj.keys():
        return None
    spent_uj = 0
    for package, began_uj in before_uj.items():
        grown_uj = after_uj[package] - began_uj
        if grown_uj < 0:  # the counter started over, which it does every few minutes
            range_uj = _number(powercap / package / "max_energy_range_uj")
            if range_uj is None:
                return None
            grown_uj += range_uj
        spent_uj += grown_uj
    return spent_uj / 1e6


def _energy_uj(powercap: Path) -> dict[str, int]:
    """The counter of every processor; empty where one cannot be read."""
    found = {package.name: _number(package / "energy_uj") for package in sorted(powercap.glob(PACKAGES))}
    return {} if None in found.values() else {name: value for name, value in found.items() if value is not None}


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
