"""Keys typed into the terminal give the same commands as in the window: a run needs no display to be driven."""

import os
import select
import sys
import threading
from collections.abc import Callable
from typing import TextIO

from realtime.closing import Closing

POLL_S = 0.2
LONGEST_KEY = 16
_SEQUENCES = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1bOP": "f1",
    "\x1b[11~": "f1",
    "\x1b": "escape",
    "\t": "tab",
    "\r": "return",
    "\n": "return",
    "\x7f": "backspace",
    " ": "space",
}


class TerminalKeys(Closing):
    """Reads single keys on a thread of its own, and gives the terminal back as it was.

    Where stream is no terminal, or not this program's (it runs in the background), nothing is read.
    """

    def __init__(self, stream: TextIO, press: Callable[[str], None]) -> None:
        self._press = press
        self._closing = threading.Event()
        self._restore: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None
        if sys.platform != "win32" and stream.isatty():
            self._open(stream.fileno())

    @property
    def listening(self) -> bool:
        """Whether keys are read."""
        return self._thread is not None

    def close(self) -> None:
        """Ends the thread and restores the terminal; closing twice is safe."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(2 * POLL_S + 1)
            self._thread = None
            self._restore()

    def _open(self, terminal: int) -> None:
        import termios
        import tty

        if os.tcgetpgrp(terminal) != os.getpgrp():
            return
        before = termios.tcgetattr(terminal)
        self._restore = lambda: termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        tty.setcbreak(terminal)  # keys come at once and unseen; Ctrl-C still interrupts
        self._thread = threading.Thread(target=self._read, args=(terminal,), name="terminal keys", daemon=True)
        self._thread.start()

    def _read(self, terminal: int) -> None:
        while not self._closing.is_set():
            readable, _, _ = select.select([terminal], [], [], POLL_S)
            if not readable:
                continue
            data = os.read(terminal, LONGEST_KEY)
            if not data:
                return  # the terminal has gone
            for key in key_names(data.decode("utf-8", "ignore")):
                self._press(key)


def key_names(text: str) -> list[str]:
    """The keys that a terminal sends as text: an escape sequence is one key, of other text each character."""
    if text in _SEQUENCES:
        return [_SEQUENCES[text]]
    if text.startswith("\x1b"):
        return []  # a key without a name here
    return [_SEQUENCES.get(character, character.lower()) for character in text]
