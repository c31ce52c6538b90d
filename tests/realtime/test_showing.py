"""What of a portrait is shown, and that its square keeps still where the whole picture goes on."""

from collections.abc import Mapping

import numpy as np
import pytest

from realtime.animator import Animator, AnimatorOptions
from realtime.bundle import Bundle
from realtime.controls import Command
from realtime.engines.base import DeviceTensor, DeviceTensors
from realtime.frames import Frame, Sides
from realtime.manifest import GraphName
from realtime.showing import FREE, STILL, motion_share
from tests.fakes import FakeEngine

SIDE = 64
WIDE = np.full((96, 160, 3), 100, np.uint8)  # its middle square ends where it does, above and below


class HoldingEngine(FakeEngine):
    """Encodes shares of the motion, also for a lighter bundle, and keeps those it animates by."""

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        if graph == "animate":
            self.shares = {name: value for name, value in inputs.items() if name.endswith("motion_share")}
        outputs = super().run(graph, inputs, into)
        if graph == "encode_source":
            whole = np.ones((1, SIDE, SIDE, 1), np.float32)
            outputs |= {"motion_share": whole, "lighter_motion_share": whole[:, ::2, ::2]}
        return outputs


def _driver(index: int) -> Frame:
    return Frame(np.full((96, 96, 3), 90, np.uint8), index, index / 30)


def test_a_square_takes_no_motion_along_its_border_and_all_of_it_inside() -> None:
    share = motion_share(SIDE, Sides(left=True, bottom=True))
    assert share.shape == (1, SIDE, SIDE, 1) and share.dtype == np.float32
    columns, rows = share[0, 0, :, 0], share[0, :, -1, 0]
    assert not columns[: int(STILL * SIDE)].any() and (columns[int(FREE * SIDE) + 1 :] == 1).all()
    assert (np.diff(columns) >= 0).all() and np.abs(np.diff(columns)).max() < 0.1
    np.testing.assert_array_equal(rows[::-1], columns)
    assert (motion_share(SIDE, Sides()) == 1).all()


def test_the_whole_portrait_holds_its_square_where_it_goes_on_and_the_square_alone_is_free(tiny_bundle: Bundle) -> None:
    engine = HoldingEngine()
    animator = Animator(engine, tiny_bundle, AnimatorOptions(smoothing=False))
    animator.set_source(WIDE)
    free = animator.animate(_driver(0))
    assert (free.part, free.held) == ("square", False) and (engine.shares["motion_share"] == 1).all()
    assert animator.obey(Command("picture")) == "the whole portrait"
    whole = animator.animate(_driver(1))
    assert (whole.part, whole.held) == ("portrait", True)
    sides = Sides(left=True, right=True)
    np.testing.assert_array_equal(engine.shares["motion_share"], motion_share(SIDE, sides))
    np.testing.assert_array_equal(engine.shares["lighter_motion_share"], motion_share(SIDE // 2, sides))
    animator.set_source(np.full((160, 96, 3), 100, np.uint8))
    animator.animate(_driver(2))
    np.testing.assert_array_equal(engine.shares["motion_share"], motion_share(SIDE, Sides(top=True, bottom=True)))
    assert animator.obey(Command("picture", "square")) == "the animated square alone"
    again = animator.animate(_driver(3))
    assert (again.part, again.held) == ("square", False) and (engine.shares["motion_share"] == 1).all()


@pytest.mark.parametrize("picture", [WIDE, WIDE[:, :96]])
def test_nothing_is_held_of_a_model_that_cannot_or_where_no_picture_goes_on(
    tiny_bundle: Bundle, picture: np.ndarray
) -> None:
    engine = FakeEngine() if picture is WIDE else HoldingEngine()
    animator = Animator(engine, tiny_bundle, AnimatorOptions(part="portrait"))
    animator.set_source(picture)
    frame = animator.animate(_driver(0))
    assert (frame.part, frame.held) == ("portrait", False)
