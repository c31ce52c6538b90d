"""The local socket: a second process commands the first, and nobody else does."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.control import ctl
from realtime.control.command_table import Part
from realtime.control.control_socket import LONGEST_LINE, ControlSocket, socket_folder
from realtime.controls import CommandQueue
from realtime.errors import CommandError

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Python has no local sockets there")


@pytest.fixture(autouse=True)
def _own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def commands() -> Iterator[CommandQueue]:
    """A queue with a socket, and an animator that answers on a thread of its own."""
    queue, over = CommandQueue(), threading.Event()

    def obey() -> None:
        while not over.wait(0.01):
            queue.carry_out(Part.ANIMATOR, {"motion": lambda argument: f"now {argument}"})

    obeying = threading.Thread(target=obey)
    obeying.start()
    with ControlSocket(queue):
        yield queue
    over.set()
    obeying.join()


def _ctl(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "run_live.py"), "ctl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_second_process_gives_commands_and_gets_answers(commands: CommandQueue) -> None:
    done = _ctl("motion", "absolute")
    assert (done.returncode, done.stdout) == (0, "now absolute\n")
    assert _ctl("--pid", str(os.getpid()), "quit").returncode == 0
    assert commands.quitting


def test_a_second_process_is_told_what_is_wrong(commands: CommandQueue) -> None:
    done = _ctl("motoin", "absolute")
    assert done.returncode == 2
    assert done.stderr == "error: unknown command 'motoin'\ndid you mean motion?\n"


def test_without_an_instance_it_says_so() -> None:
    with pytest.raises(CommandError, match="no running instance"):
        ctl.asked("quit")


def test_a_socket_left_by_a_killed_instance_is_no_instance() -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (socket_folder() / f"{dead.pid}.sock").touch()
    with pytest.raises(CommandError, match="no running instance"):
        ctl.asked("quit")


def test_of_several_instances_one_must_be_named(commands: CommandQueue) -> None:
    (socket_folder() / f"{os.getppid()}.sock").touch()
    with pytest.raises(CommandError, match="several instances run") as refusal:
        ctl.asked("quit")
    assert "--pid" in refusal.value.hint
    assert ctl.asked("quit", os.getpid()) == "ending"


def test_socket_and_folder_are_the_owners_alone(commands: CommandQueue) -> None:
    folder = socket_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / f"{os.getpid()}.sock").stat().st_mode & 0o777 == 0o600


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "marionet").mkdir(mode=0o755)
    with pytest.raises(CommandError, match="not a folder of yours alone"):
        ControlSocket(CommandQueue())


def test_closing_removes_the_socket_and_twice_is_safe() -> None:
    opened = ControlSocket(CommandQueue())
    opened.close()
    opened.close()
    assert list(socket_folder().iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe\n", b"x" * 2 * LONGEST_LINE, b"quit"])
def test_nonsense_does_not_stop_it(commands: CommandQueue, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(socket_folder() / f"{os.getpid()}.sock"))
        client.sendall(data)
    assert ctl.asked("motion absolute") == "now absolute"


def test_a_client_that_says_nothing_keeps_nobody_waiting(commands: CommandQueue) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as idle:
        idle.connect(str(socket_folder() / f"{os.getpid()}.sock"))
        started_s = time.monotonic()
        assert ctl.asked("motion absolute") == "now absolute"
        assert time.monotonic() - started_s < 1
