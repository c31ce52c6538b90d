"""The loop's only view of time, of waiting and of threads, so that a test can run it on a clock of its own."""

import time
from abc import abstractmethod
from collections.abc import Callable
from threading import Condition, Thread
from typing import Protocol


class Running(Protocol):
    """A thread that was started."""

    @property
    def name(self) -> str:
        """What it was called."""

    @abstractmethod
    def is_alive(self) -> bool:
        """Whether it still runs."""

    @abstractmethod
    def join(self, timeout: float | None = None) -> None:
        """Waits for its end, at most timeout seconds."""


class Clock(Protocol):
    """Time and threads."""

    @abstractmethod
    def now_s(self) -> float:
        """Seconds since some fixed moment, never running backwards: the clock of Frame.captured_at."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Waits; not at all where seconds is negative."""

    @abstractmethod
    def wait_for(self, changed: Condition, is_so: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Whether is_so() holds, after waiting for that, at most timeout_s. The caller holds changed's lock."""

    @abstractmethod
    def start(self, name: str, work: Callable[[], None]) -> Running:
        """work, now running on a thread of its own that does not keep the program alive."""


class SystemClock(Clock):
    """time.monotonic() and real threads."""

    def now_s(self) -> float:
        """time.monotonic()."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """As time.sleep does."""
        time.sleep(max(0.0, seconds))

    def wait_for(self, changed: Condition, is_so: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """As Condition.wait_for does."""
        return changed.wait_for(is_so, timeout_s)

    def start(self, name: str, work: Callable[[], None]) -> Running:
        """A daemon thread."""
        thread = Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread
