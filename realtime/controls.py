"""Commands a user gives while live, the keys that give them, and the way they reach the loop."""

import queue
from collections.abc import Iterator
from enum import Enum


class Command(Enum):
    """What a user can ask for while live."""

    QUIT = "quit"
    CALIBRATE = "calibrate"


KEYS = {"q": Command.QUIT, "escape": Command.QUIT, "x": Command.CALIBRATE}


class CommandQueue:
    """Carries commands from any thread to the one that obeys them. Quitting is seen at once by everyone."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._quitting = False

    @property
    def quitting(self) -> bool:
        """Whether someone asked to quit."""
        return self._quitting

    def post(self, command: Command) -> None:
        """Leaves a command; never waits, so a signal handler may call it."""
        if command is Command.QUIT:
            self._quitting = True
        else:
            self._waiting.put(command)

    def drain(self) -> Iterator[Command]:
        """The commands posted since the last call, oldest first."""
        while True:
            try:
                command = self._waiting.get_nowait()
            except queue.Empty:
                return
            yield command
