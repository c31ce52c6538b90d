"""Commands a user gives while live, the keys that give them, and the way they reach whoever carries them out."""

import difflib
import logging
import queue
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import ClassVar

from realtime.control.command_table import CONTROLS, Control, Part
from realtime.errors import CommandError, MarionetError, SettingsError
from realtime.figures.dashboard import Dashboard

log = logging.getLogger(__name__)

_BY_NAME = {control.name: control for control in CONTROLS}


@dataclass(frozen=True, slots=True)
class Command:
    """A wish of the user's: a name of the command table and its argument, empty where it takes none."""

    name: str
    argument: str = ""

    QUIT: ClassVar["Command"]
    CALIBRATE: ClassVar["Command"]

    @property
    def control(self) -> Control:
        """Its line of the command table."""
        return _BY_NAME[self.name]

    def __str__(self) -> str:
        return f"{self.name} {self.argument}".rstrip()


Command.QUIT = Command("quit")
Command.CALIBRATE = Command("calibrate")

# Argument in, what to tell the user out, at once or when it is known. Raises MarionetError.
Obey = Callable[[str], "str | Future[str]"]


def parse_command(text: str) -> Command:
    """The command written as text, such as `mirror-input on`. Raises CommandError naming the nearest right one."""
    name, _, argument = text.strip().partition(" ")
    command = Command(name.lower().replace("_", "-"), argument.strip())
    control = _BY_NAME.get(command.name)
    if control is None:
        near = difflib.get_close_matches(command.name, _BY_NAME, n=1)
        raise CommandError(
            f"unknown command {name!r}",
            hint=f"did you mean {near[0]}?" if near else f"commands are: {', '.join(_BY_NAME)}",
        )
    if not control.accepts(command.argument):
        raise CommandError(f"{command}: not a form of {control.name}", hint=f"write: {control.usage}")
    return command


def default_keys() -> dict[str, Command]:
    """Each key of the command table and the command it gives."""
    return {key: Command(control.name, argument) for control in CONTROLS for key, argument in control.keys.items()}


def remapped_keys(wishes: Mapping[str, str]) -> dict[str, Command]:
    """The default keys with wishes (key -> command as text, empty for none) on top. Raises SettingsError."""
    keys = default_keys()
    for key, text in wishes.items():
        keys.pop(key.lower(), None)
        if not text:
            continue
        try:
            keys[key.lower()] = parse_command(text)
        except CommandError as error:
            raise SettingsError(f"keys: {key}: {error.message}", hint=error.hint) from None
    return keys


def switched(current: bool, argument: str) -> bool:
    """What a switch becomes: on, off, or turned round without an argument."""
    return not current if not argument else argument == "on"


def on_or_off(value: bool) -> str:
    """The word for a switch's state."""
    return "on" if value else "off"


def stepped(current: float, argument: str, step: float, bounds: tuple[float, float]) -> float:
    """What a quantity becomes: a step up or down, or the number given; kept within bounds."""
    value = {"+": current + step, "-": current - step}.get(argument)
    return min(max(float(argument) if value is None else value, bounds[0]), bounds[1])


@dataclass(frozen=True, slots=True, eq=False)
class _Posted:
    command: Command
    reply: "Future[str]"

    def answer(self, obey: Obey) -> None:
        try:
            told = obey(self.command.argument)
        except MarionetError as error:
            self.reply.set_exception(error)
        else:
            if isinstance(told, Future):
                told.add_done_callback(self._pass_on)
            else:
                self.reply.set_result(told)

    def _pass_on(self, later: "Future[str]") -> None:
        error = later.exception(timeout=0)
        if error is not None:
            self.reply.set_exception(error)
        else:
            self.reply.set_result(later.result(timeout=0))


class CommandQueue:
    """Carries commands from any thread to the part that obeys them, and its answer back. Quitting is seen at once."""

    def __init__(self, dashboard: Dashboard | None = None, keys: Mapping[str, Command] | None = None) -> None:
        self.dashboard = dashboard or Dashboard()
        self.keys = default_keys() if keys is None else dict(keys)
        self._waiting: dict[Part, queue.SimpleQueue[_Posted]] = {Part.ANIMATOR: queue.SimpleQueue()}
        self._quitting = False

    @property
    def quitting(self) -> bool:
        """Whether someone asked to quit."""
        return self._quitting

    def attend(self, part: Part) -> None:
        """Says that part will carry out what is posted to it; commands to a part that is not there are refused."""
        self._waiting.setdefault(part, queue.SimpleQueue())

    def post(self, command: Command) -> "Future[str]":
        """Leaves a command; never waits, so a signal handler may call it. The future holds what to tell the user.

        A command that cannot be obeyed puts a MarionetError there, and changes nothing.
        """
        posted = _Posted(command, Future())
        if command.control.part is Part.RUN:
            posted.answer(self._run_handler(command.name))
        elif command.control.part in self._waiting:
            self._waiting[command.control.part].put(posted)
        else:
            absent = f"{command.name}: this run has no part that does it ({command.control.part.value})"
            posted.reply.set_exception(CommandError(absent, hint="add --sink window: to see a window"))
        return posted.reply

    def press(self, key: str) -> None:
        """Posts the command of a key, by its name: a character, or escape, left, f1 and the like."""
        command = self.keys.get(key)
        if command is not None:
            self.post(command)

    def carry_out(self, part: Part, handlers: Mapping[str, Obey]) -> None:
        """Obeys what was posted to part since the last call, oldest first; answers, and tells the user.

        What cannot be obeyed is refused by name and changes nothing: the run goes on.
        """
        waiting = self._waiting[part]
        while True:
            try:
                posted = waiting.get_nowait()
            except queue.Empty:
                return
            posted.reply.add_done_callback(self._tell)
            posted.answer(handlers[posted.command.name])

    def _run_handler(self, name: str) -> Obey:
        return {"quit": self._quit, "status": lambda _argument: self.dashboard.status()}[name]

    def _quit(self, _argument: str) -> str:
        self._quitting = True
        return "ending"

    def _tell(self, reply: "Future[str]") -> None:
        error = reply.exception(timeout=0)
        if isinstance(error, MarionetError):
            self.dashboard.notify(error.message)
            log.warning("%s; %s", error.message, error.hint)
        else:
            self.dashboard.notify(reply.result(timeout=0))
            log.info("%s", reply.result(timeout=0))
