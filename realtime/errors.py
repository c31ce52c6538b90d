"""Errors a user can cause: what was found, and what to do about it."""

from functools import partial


class MarionetError(Exception):
    """A fault of the outside world, printed as two lines (message, hint) with exit code 2.

    A bug is never one of these: it keeps its own type and its traceback.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}"

    def __reduce__(self) -> "tuple[partial[MarionetError], tuple[()]]":
        # Its own way through pickle: errors of a process of a pool come out in the one that asked.
        return partial(type(self), self.message, hint=self.hint), ()


class SettingsError(MarionetError):
    """A flag or a line of the settings file that cannot be obeyed."""


class CommandError(MarionetError):
    """A command given while live that cannot be obeyed; the run goes on."""


class SourceError(MarionetError):
    """A portrait picture that cannot be used."""


class BundleError(MarionetError):
    """A model bundle that is missing, damaged or not ours."""


class EngineError(MarionetError):
    """An inference runtime that is missing or does not do what was asked of it."""


class DeviceError(MarionetError):
    """A camera or a sink that cannot be opened, or that stopped working."""


class HungThreadError(MarionetError):
    """A thread that did not end in time; the message names it."""
