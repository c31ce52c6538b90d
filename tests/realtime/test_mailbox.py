"""The mailbox as a state machine, and between two threads."""

import threading

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from realtime.mailbox import Mailbox, MailboxClosed


class MailboxMachine(RuleBasedStateMachine):
    """Compares a mailbox with the simplest thing that behaves like one."""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox: Mailbox[int] = Mailbox()
        self.item: int | None = None
        self.dropped = 0
        self.closed = False

    @precondition(lambda self: not self.closed)
    @rule(item=st.integers())
    def put(self, item: int) -> None:
        self.dropped += self.item is not None
        self.item = item
        self.mailbox.put(item)

    @precondition(lambda self: self.closed)
    @rule(item=st.integers())
    def put_after_close_is_refused(self, item: int) -> None:
        with pytest.raises(MailboxClosed):
            self.mailbox.put(item)

    @precondition(lambda self: self.item is not None)
    @rule()
    def take_gives_the_newest(self) -> None:
        assert self.mailbox.take() == self.item
        self.item = None

    @precondition(lambda self: self.closed and self.item is None)
    @rule()
    def take_from_closed_and_empty_ends(self) -> None:
        with pytest.raises(MailboxClosed):
            self.mailbox.take()

    @rule()
    def close(self) -> None:
        self.mailbox.close()
        self.closed = True

    @invariant()
    def counts_what_nobody_read(self) -> None:
        assert self.mailbox.dropped == self.dropped


TestMailboxMachine = MailboxMachine.TestCase


def test_a_waiting_reader_gets_what_is_put() -> None:
    mailbox: Mailbox[str] = Mailbox()
    threading.Timer(0.05, mailbox.put, ["late"]).start()
    assert mailbox.take() == "late"


def test_close_wakes_a_waiting_reader() -> None:
    mailbox: Mailbox[str] = Mailbox()
    threading.Timer(0.05, mailbox.close).start()
    with pytest.raises(MailboxClosed):
        mailbox.take()


def test_iteration_ends_with_the_last_item() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    mailbox.close()
    assert list(mailbox) == [1]
