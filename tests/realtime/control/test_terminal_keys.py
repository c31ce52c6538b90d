"""Keys of the terminal, on a real pseudo-terminal, in a process whose terminal it is."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.control.terminal_keys import TerminalKeys, key_names

ROOT = Path(__file__).parents[3]
LISTENER = """
import sys, threading
from realtime.control.terminal_keys import TerminalKeys
pressed, over = [], threading.Event()
def press(key):
    pressed.append(key)
    if key == "q":
        over.set()
with TerminalKeys(sys.stdin, press) as keys:
    print("listening" if keys.listening else "deaf", flush=True)
    over.wait(20)
print(*pressed, flush=True)
"""


@pytest.mark.parametrize(
    ("text", "keys"),
    [("x", ["x"]), ("XY", ["x", "y"]), ("\x1b", ["escape"]), ("\x1b[A", ["up"]), ("\x1b[99~", []), (" ", ["space"])],
)
def test_what_a_terminal_sends_becomes_keys(text: str, keys: list[str]) -> None:
    assert key_names(text) == keys


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_keys_are_read_and_the_terminal_is_given_back() -> None:
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    # A session of its own, whose controlling terminal is the pseudo-terminal.
    take = f"import fcntl, termios, sys; fcntl.ioctl(0, termios.TIOCSCTTY, 0); exec({LISTENER!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", take], cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "listening\n"
    assert termios.tcgetattr(theirs)[3] & termios.ICANON == 0
    os.write(ours, b"x")
    os.write(ours, b"q")
    assert process.communicate(timeout=20)[0] == "x q\n"
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_what_is_no_terminal_is_not_read() -> None:
    with TerminalKeys(io.StringIO("q"), lambda _key: pytest.fail("a key was pressed")) as keys:
        assert not keys.listening
