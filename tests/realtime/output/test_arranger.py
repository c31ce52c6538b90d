"""What is shown of a portrait and beside it changed while live: at once, faded, and refused by name."""

from concurrent.futures import Future
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import SourceError
from realtime.frames import AnimatedFrame, OutputFrame, Part, Place, Size, Surroundings
from realtime.output.canvas import Canvas
from realtime.output.machine import OutputMachine, OutputTimes

TIMES = OutputTimes(switch_s=0.2)


def _frame(index: int = 0, part: Part = "square") -> AnimatedFrame:
    square, whole = np.full((64, 64, 3), 200, np.uint8), np.full((256, 256, 3), 100, np.uint8)
    return AnimatedFrame(square, RESTING, index, index / 30, surroundings=Surroundings(whole, 0, 0, 64), part=part)


RESTING = np.full((64, 64, 3), 150, np.uint8)


class Stage:
    """A machine whose driver never rests."""

    def __init__(self) -> None:
        self.machine = OutputMachine(Canvas(Size(256, 128), badge=False), _frame(), TIMES)
        self.at_s, self.index = 10.0, 0
        self.part: Part = "square"

    def obey(self, name: str, argument: str = "") -> "str | Future[str]":
        return self.machine.handlers[name](argument)

    def picture(self, after_s: float = 1 / 30) -> OutputFrame:
        self.at_s += after_s
        self.index += 1
        self.machine.take(_frame(self.index, self.part), self.at_s)
        return self.machine.picture_at(self.at_s)


def test_the_whole_portrait_and_back() -> None:
    stage = Stage()
    stage.picture()
    assert stage.picture(1.0).pixels[64, 128].tolist() == [200] * 3
    stage.part = "portrait"
    assert [int(stage.picture(0.1).pixels[120, 184, 0]) for _ in range(3)] == [200, 150, 100]
    whole = stage.picture()
    assert whole.pixels[60, 100].tolist() == [100] * 3
    assert whole.square == Place(64, 0, 32, 32)
    stage.part = "square"
    stage.picture()
    assert stage.picture(1.0).pixels[120, 184].tolist() == [200] * 3


def test_a_colour_at_once_and_the_default_again() -> None:
    stage = Stage()
    blurred = stage.picture().pixels[0, 0].tolist()
    assert stage.obey("background", "#ff8000") == "background #ff8000"
    stage.picture()
    assert stage.picture(1.0).pixels[0, 0].tolist() == [255, 128, 0]
    stage.obey("background", "auto")
    stage.picture()
    assert stage.picture(1.0).pixels[0, 0].tolist() == blurred


def test_a_file_is_read_beside_the_sender_and_then_shown(tmp_path: Path) -> None:
    path, stage = tmp_path / "wall.png", Stage()
    path.write_bytes(cv2.imencode(".png", np.full((90, 160, 3), 40, np.uint8))[1].tobytes())
    before = stage.picture().pixels[0, 0].tolist()
    reply = stage.obey("background", str(path))
    assert isinstance(reply, Future)
    for _ in range(500):
        after = stage.picture(0.5)
        if reply.done():
            break
    assert reply.result(timeout=0) == f"background {path}"
    assert stage.picture(1.0).pixels[0, 0].tolist() == [40, 40, 40] != before
    assert after.state.value == "live"


def test_a_file_that_is_none_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    stage = Stage()
    before = stage.picture().pixels
    reply = stage.obey("background", str(tmp_path / "gone.png"))
    assert isinstance(reply, Future)
    with pytest.raises(SourceError, match=r"background .*gone\.png: cannot be read") as refusal:
        reply.result(timeout=10)
    assert "#RRGGBB" in refusal.value.hint
    assert np.array_equal(stage.picture(1.0).pixels, before)
