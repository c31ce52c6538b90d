"""Who holds a device, and the watch over a virtual camera's readers: a plain file stands for the device."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from realtime.demand import Demand
from realtime.devices import readers
from realtime.devices.holders import holders
from realtime.devices.readers import ReaderCount, ReaderWatch, watched_devices
from realtime.devices.sinks import NullSink
from tests.fakes import RecordingSink

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who reads a virtual camera")


@pytest.fixture
def device(tmp_path: Path) -> str:
    path = tmp_path / "video10"
    path.touch()
    return str(path)


@contextmanager
def _reader(device: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another program with the device open."""
    code = f"file = open({device!r}); print(flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.communicate(b"\n", timeout=30)


def _wait_until(is_so: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_other_programs_are_named_and_ones_own_is_not_counted(device: str) -> None:
    with Path(device).open(), _reader(device) as process:
        (holder,) = holders(device)
        assert holder.pid == process.pid
        assert str(holder).endswith(f"(process {process.pid})")
    assert holders(device) == []


def test_demand_follows_the_readers(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "LINGER_S", 1.0)
    demand = Demand()
    with ReaderWatch([device], demand):
        assert not demand.wanted
        with _reader(device):
            _wait_until(lambda: demand.wanted)
        time.sleep(0.3)
        assert demand.wanted  # it lingers
        _wait_until(lambda: not demand.wanted)


def test_a_reader_that_was_there_first_counts(device: str) -> None:
    demand = Demand()
    with _reader(device), ReaderWatch([device], demand):
        assert demand.wanted


def test_a_reader_that_cannot_be_seen_counts() -> None:
    count = ReaderCount("/dev/nowhere")
    count.closed()  # one from before we listened
    assert count.readers() == 0
    count.opened()
    assert count.readers() == 1
    count.closed()
    assert count.readers() == 0


def test_only_virtual_cameras_alone_are_watched(device: str) -> None:
    virtual = RecordingSink()
    virtual.reader_device = device
    assert watched_devices([virtual]) == [device]
    assert watched_devices([virtual, NullSink()]) == []


def test_watching_leaves_no_file_open(device: str) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, of links that may vanish
    for _ in range(5):
        ReaderWatch([device], Demand()).close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
