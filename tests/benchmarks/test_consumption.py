"""Energy is the sum of all processors' counters, also where one starts over; without all of them it is not told."""

from pathlib import Path

import pytest

from benchmarks.consumption import consumption_of_this_process


def _count(powercap: Path, package: str, microjoules: int, most: int = 1_000_000_000) -> None:
    folder = powercap / package
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")


def test_energy_is_that_of_all_processors_and_of_no_part_twice(tmp_path: Path) -> None:
    _count(tmp_path, "intel-rapl:0", 1_000_000)
    _count(tmp_path, "intel-rapl:1", 5_000_000)
    _count(tmp_path, "intel-rapl:0:0", 100)
    with consumption_of_this_process(tmp_path) as taken:
        _count(tmp_path, "intel-rapl:0", 4_000_000)
        _count(tmp_path, "intel-rapl:1", 5_500_000)
        _count(tmp_path, "intel-rapl:0:0", 900_000_000)
    assert taken.joules == pytest.approx(3.5) and taken.seconds > 0


def test_a_counter_that_starts_over_is_counted_on(tmp_path: Path) -> None:
    _count(tmp_path, "intel-rapl:0", 999_000_000)
    with consumption_of_this_process(tmp_path) as taken:
        _count(tmp_path, "intel-rapl:0", 1_500_000)
    assert taken.joules == pytest.approx(2.5)


def test_energy_is_not_told_without_a_readable_counter(tmp_path: Path) -> None:
    with consumption_of_this_process(tmp_path) as taken:
        pass
    assert taken.joules is None
    _count(tmp_path, "intel-rapl:0", 1)
    (tmp_path / "intel-rapl:1").mkdir()
    with consumption_of_this_process(tmp_path) as taken:
        pass
    assert taken.joules is None
