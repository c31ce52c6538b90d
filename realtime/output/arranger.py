"""Obeys the commands that arrange the picture while live: the square or the whole portrait, and what is behind it."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from queue import Empty, SimpleQueue

from realtime.controls import Obey
from realtime.errors import MarionetError
from realtime.frames import Background
from realtime.output.canvas import Arrangement, Part
from realtime.portraits.background import AUTO, named_background, read_background, wished_background


def arrangement_for(part: Part, background: str) -> Arrangement:
    """What a user asks for at the start: background is auto, blur, a colour or a file. Raises SourceError."""
    return Arrangement(part, wished_background(background))


class Arranger:
    """Owned by the sending thread. A picture file is read on a thread of its own: the sender misses no tick for it."""

    def __init__(self, arrangement: Arrangement) -> None:
        self._arrangement = arrangement
        self._read: SimpleQueue[tuple[Background, Future[str], str]] = SimpleQueue()
        self.handlers: Mapping[str, Obey] = {"picture": self._obey_picture, "background": self._obey_background}

    @property
    def arrangement(self) -> Arrangement:
        """What is wished now, with what has been read since it was last asked for."""
        try:
            background, reply, told = self._read.get_nowait()
        except Empty:
            return self._arrangement
        self._arrangement = replace(self._arrangement, background=background)
        reply.set_result(told)
        return self._arrangement

    def _obey_picture(self, argument: str) -> str:
        others: dict[Part, Part] = {"square": "portrait", "portrait": "square"}
        part = next((part for part in others if part == argument), others[self._arrangement.part])
        self._arrangement = replace(self._arrangement, part=part)
        return "the whole portrait" if part == "portrait" else "the animated square alone"

    def _obey_background(self, argument: str) -> "str | Future[str]":
        told = f"background {argument}"
        if argument.lower() == AUTO:
            self._arrangement = replace(self._arrangement, background=None)
            return told
        named = named_background(argument)
        if named is not None:
            self._arrangement = replace(self._arrangement, background=named)
            return told
        reply: Future[str] = Future()
        threading.Thread(target=self._read_file, args=(argument, reply, told), name="background", daemon=True).start()
        return reply

    def _read_file(self, text: str, reply: "Future[str]", told: str) -> None:
        try:
            self._read.put((read_background(text), reply, told))
        except MarionetError as error:
            reply.set_exception(error)
