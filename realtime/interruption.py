"""Ctrl-C and SIGTERM as a polite request to quit; a second Ctrl-C interrupts at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def quitting_on_signals(quit_politely: Callable[[], object]) -> Iterator[None]:
    """Within the body, the first SIGINT or SIGTERM calls quit_politely. For the main thread only."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        quit_politely()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
