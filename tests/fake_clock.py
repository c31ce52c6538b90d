"""A clock and threads under a test's control: one thread runs at a time, and time passes only when all of them wait.

Which of several ready threads runs next is drawn from a seed, so a run can be repeated exactly; threads that wait for
ever on each other are found at once.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Condition

from realtime.clock import Clock

FIRST_S = 1000.0  # not 0: nothing may take a missing time for an early one


class StuckError(AssertionError):
    """Every thread waits, and nothing will ever wake one."""


def _closed_gate() -> threading.Lock:
    """A lock that is held: whoever takes it waits until another thread releases it. Cheaper than a semaphore."""
    gate = threading.Lock()
    gate.acquire()
    return gate


@dataclass(eq=False)
class _Waiting:
    is_so: Callable[[], bool]
    until_s: float | None
    turn: threading.Lock = field(default_factory=_closed_gate)


class FakeThread:
    """A thread started by a FakeClock."""

    def __init__(self, name: str, clock: "FakeClock") -> None:
        self.name = name
        self.ended = False
        self._clock = clock

    def is_alive(self) -> bool:
        return not self.ended

    def join(self, timeout: float | None = None) -> None:
        self._clock.wait(lambda: self.ended, timeout)


class FakeClock(Clock):
    """Created and used first by the test's own thread; started threads share its time."""

    def __init__(self, seed: int = 0) -> None:
        self._now_s = FIRST_S
        self._random = Random(seed)
        self._waiting: list[_Waiting] = []
        self._stuck = False

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, seconds: float) -> None:
        self.wait(lambda: False, max(0.0, seconds))

    def wait_for(self, changed: Condition, is_so: Callable[[], bool], timeout_s: float | None = None) -> bool:
        if is_so():
            return True
        changed.release()
        try:
            self.wait(is_so, timeout_s)
        finally:
            changed.acquire()
        return is_so()

    def wait(self, is_so: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Lets the others run until is_so() or the timeout."""
        if self._stuck:
            raise StuckError("the test is over")
        me = _Waiting(is_so, None if timeout_s is None else self._now_s + timeout_s)
        self._waiting.append(me)
        if self._wake_next() is not me:
            me.turn.acquire()
        if self._stuck:
            raise StuckError("every thread waits for another")

    def start(self, name: str, work: Callable[[], None]) -> FakeThread:
        thread, first = FakeThread(name, self), _Waiting(lambda: True, None)

        def run() -> None:
            first.turn.acquire()
            try:
                work()
            except StuckError:
                pass
            finally:
                thread.ended = True
                if self._waiting and not self._stuck:
                    self._wake_next()

        self._waiting.append(first)
        threading.Thread(target=run, name=name, daemon=True).start()
        return thread

    def end(self) -> None:
        """Ends the threads that still wait, so that none outlives its test."""
        self._stuck = True
        for waiting in self._waiting:
            waiting.turn.release()
        self._waiting.clear()

    def _wake_next(self) -> _Waiting:
        """Gives the turn to a thread whose wait is over; moves time on to the next deadline if there is none."""
        ready = [one for one in self._waiting if one.is_so()]
        if not ready:
            deadlines = [one.until_s for one in self._waiting if one.until_s is not None]
            if deadlines:
                self._now_s = max(self._now_s, min(deadlines))
                ready = [one for one in self._waiting if one.until_s is not None and one.until_s <= self._now_s]
            else:
                mine = self._waiting[-1]
                self.end()
                return mine
        chosen = self._random.choice(ready)
        self._waiting.remove(chosen)
        chosen.turn.release()
        return chosen
