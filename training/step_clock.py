"""How a run's time divides between waiting for the next batch and working on it."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class StepClock:
    """Times a loop over batches; `waiting_share` covers what it has seen since the last `restart`."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget what was measured."""
        self._waited_s = self._worked_s = 0.0

    @property
    def waiting_share(self) -> float:
        """Share of the time in [0, 1] that went into waiting for batches."""
        total_s = self._waited_s + self._worked_s
        return self._waited_s / total_s if total_s else 0.0

    def timed(self, batches: Iterable[Item]) -> Iterator[Item]:
        """The batches, one by one; the time in between is the work on them."""
        iterator = iter(batches)
        while True:
            asked = time.monotonic()
            try:
                batch = next(iterator)
            except StopIteration:
                return
            given = time.monotonic()
            self._waited_s += given - asked
            yield batch
            self._worked_s += time.monotonic() - given
