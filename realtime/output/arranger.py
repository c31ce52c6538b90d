"""Obeys the command that changes what is beside the portrait while live."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from realtime.controls import Obey
from realtime.errors import MarionetError
from realtime.frames import Background
from realtime.portraits.background import AUTO, named_background, read_background


class Arranger:
    """Owned by the sending thread. A picture file is read on a thread of its own: the sender misses no tick for it."""

    def __init__(self, background: Background | None) -> None:
        self._background = background
        self._read: SimpleQueue[tuple[Background, Future[str], str]] = SimpleQueue()
        self.handlers: Mapping[str, Obey] = {"background": self._obey_background}

    @property
    def background(self) -> Background | None:
        """What is wished now, with what has been read since it was last asked for; None leaves it to the portrait."""
        try:
            self._background, reply, told = self._read.get_nowait()
        except Empty:
            return self._background
        reply.set_result(told)
        return self._background

    def _obey_background(self, argument: str) -> "str | Future[str]":
        told = f"background {argument}"
        if argument.lower() == AUTO:
            self._background = None
            return told
        named = named_background(argument)
        if named is not None:
            self._background = named
            return told
        reply: Future[str] = Future()
        threading.Thread(target=self._read_file, args=(argument, reply, told), name="background", daemon=True).start()
        return reply

    def _read_file(self, text: str, reply: "Future[str]", told: str) -> None:
        try:
            self._read.put((read_background(text), reply, told))
        except MarionetError as error:
            reply.set_exception(error)
