"""A one-place hand-over between two threads: an unread item is replaced by the newer one and counted."""

import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

from realtime.clock import Clock, SystemClock

Item = TypeVar("Item")


class MailboxClosed(Exception):  # noqa: N818 - an end, not an error
    """The other side has gone; this side should end too."""


class Mailbox(Generic[Item]):
    """Newest wins; nothing queues, so nothing goes stale. Safe for any number of threads on either side."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._changed = threading.Condition()
        self._items: list[Item] = []
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many items were replaced before anyone read them."""
        with self._changed:
            return self._dropped

    def put(self, item: Item) -> None:
        """Leaves item for the reader without ever waiting. Raises MailboxClosed."""
        with self._changed:
            if self._closed:
                raise MailboxClosed
            self._dropped += len(self._items)
            self._items[:] = [item]
            self._changed.notify()

    def take(self) -> Item:
        """The newest item; waits for one. Raises MailboxClosed once closed and empty."""
        with self._changed:
            self._clock.wait_for(self._changed, self._has_news)
            return self._taken()

    def take_within(self, timeout_s: float) -> Item | None:
        """The newest item, or None if none comes within timeout_s. Raises MailboxClosed once closed and empty."""
        with self._changed:
            return self._taken() if self._clock.wait_for(self._changed, self._has_news, timeout_s) else None

    def close(self) -> None:
        """Refuses further items and wakes the readers; an item already there can be taken. Closing twice is safe."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_news(self) -> bool:
        return bool(self._items) or self._closed

    def _taken(self) -> Item:
        if not self._items:
            raise MailboxClosed
        return self._items.pop()

    def __iter__(self) -> Iterator[Item]:
        """Every item taken until the mailbox is closed and empty."""
        while True:
            try:
                item = self.take()
            except MailboxClosed:
                return
            yield item
