"""The output state machine: what is shown when, and what keeps it from showing anything else."""

import numpy as np
import pytest

from realtime.frames import OutputFrame, OutputState, Size
from realtime.output.canvas import Canvas
from realtime.output.machine import OutputMachine, OutputTimes
from tests.fakes import plain_animated
from tests.tiny_bundle import SIZE

TIMES = OutputTimes(hold_s=0.2, neutral_s=1.0, away_s=5.0, fade_s=0.5)
DRIVEN, RESTING = 200, 100


@pytest.fixture
def machine() -> OutputMachine:
    canvas = Canvas(Size(SIZE, SIZE), badge=False)
    return OutputMachine(canvas, plain_animated(level=RESTING, resting=RESTING, driven=False), TIMES)


def _light(frame: OutputFrame) -> int:
    assert frame.pixels.min() == frame.pixels.max()
    return int(frame.pixels[0, 0, 0])


def test_it_begins_with_the_neutral_portrait(machine: OutputMachine) -> None:
    first = machine.picture_at(10.0)
    assert (first.state, _light(first), first.driver_index) == (OutputState.NEUTRAL, RESTING, None)


def test_without_fresh_frames_it_holds_then_rests_then_goes_away(machine: OutputMachine) -> None:
    machine.picture_at(10.0)
    machine.take(plain_animated(3, DRIVEN, RESTING), 11.0)
    states = {at_s: machine.picture_at(at_s).state for at_s in (11.0, 11.1, 11.3, 11.9, 12.1, 15.9, 16.1, 99.0)}
    assert list(states.values()) == [
        *(OutputState.LIVE, OutputState.LIVE, OutputState.HOLD, OutputState.HOLD),
        *(OutputState.NEUTRAL, OutputState.NEUTRAL, OutputState.AWAY, OutputState.AWAY),
    ]


def test_it_shows_what_each_state_says(machine: OutputMachine) -> None:
    machine.picture_at(10.0)
    machine.take(plain_animated(3, DRIVEN, RESTING), 11.0)
    machine.picture_at(11.0)
    live = machine.picture_at(11.6 - 0.45)
    assert live.driver_index == 3
    assert live.captured_at == pytest.approx(0.1)
    machine.take(plain_animated(4, DRIVEN, RESTING), 20.0)
    for at_s in (20.0, 20.15):
        machine.picture_at(at_s)
    hold, rest = machine.picture_at(20.9), None
    assert (_light(hold), hold.driver_index) == (DRIVEN, None)
    machine.picture_at(21.1)
    rest = machine.picture_at(22.0)
    assert _light(rest) == RESTING
    machine.picture_at(25.1)
    away = machine.picture_at(26.0).pixels
    assert not np.array_equal(away, rest.pixels)


def test_a_change_of_state_fades(machine: OutputMachine) -> None:
    machine.take(plain_animated(0, DRIVEN, RESTING), 10.0)
    machine.picture_at(10.0)
    for at_s in (10.6, 10.9):
        machine.picture_at(at_s)
    lights = [_light(machine.picture_at(at_s)) for at_s in (11.0, 11.125, 11.25, 11.5)]
    assert lights == [DRIVEN, 175, 150, RESTING]


def test_a_return_from_hold_does_not_fade(machine: OutputMachine) -> None:
    machine.take(plain_animated(0, DRIVEN, RESTING), 10.0)
    for at_s in (10.0, 10.6):
        machine.picture_at(at_s)
    machine.take(plain_animated(1, 50, RESTING), 10.7)
    assert _light(machine.picture_at(10.7)) == 50


def test_frames_that_nobody_drives_do_not_keep_it_live(machine: OutputMachine) -> None:
    machine.take(plain_animated(0, DRIVEN, RESTING), 10.0)
    machine.picture_at(10.0)
    for index in range(1, 40):
        machine.take(plain_animated(index, RESTING, RESTING, driven=False), 10 + 0.05 * index)
    assert machine.picture_at(11.9).state is OutputState.NEUTRAL


def test_a_new_portrait_rests_as_itself(machine: OutputMachine) -> None:
    machine.picture_at(10.0)
    machine.take(plain_animated(0, 33, 33, driven=False), 10.5)
    assert [_light(machine.picture_at(10.5 + since_s)) for since_s in (0.0, 0.1, 0.2)] == [RESTING, 66, 33]


def test_another_portrait_brings_nothing_back_while_away(machine: OutputMachine) -> None:
    machine.take(plain_animated(0, DRIVEN, RESTING), 10.0)
    machine.picture_at(10.0)
    machine.handlers["away"]("on")
    machine.picture_at(10.1)
    machine.take(plain_animated(1, 33, 33), 10.7)
    assert DRIVEN not in machine.picture_at(10.7).pixels


def test_freeze_holds_the_picture_until_it_is_turned_off(machine: OutputMachine) -> None:
    machine.take(plain_animated(0, DRIVEN, RESTING), 10.0)
    machine.picture_at(10.0)
    machine.picture_at(10.6)
    assert machine.handlers["freeze"]("") == "frozen"
    machine.take(plain_animated(1, 50, RESTING), 10.7)
    for at_s in (10.7, 12.0, 60.0):
        frozen = machine.picture_at(at_s)
        assert (_light(frozen), frozen.state, frozen.driver_index) == (DRIVEN, OutputState.HOLD, None)
    assert machine.handlers["freeze"]("off") == "no longer frozen"
    machine.take(plain_animated(2, 60, RESTING), 60.1)
    assert _light(machine.picture_at(60.1)) == 60


def test_away_hides_a_frozen_picture_too(machine: OutputMachine) -> None:
    machine.take(plain_animated(0, DRIVEN, RESTING), 10.0)
    machine.picture_at(10.0)
    machine.handlers["freeze"]("on")
    machine.handlers["away"]("on")
    machine.picture_at(10.1)
    machine.take(plain_animated(1, DRIVEN, RESTING), 11.0)
    hidden = machine.picture_at(11.0)
    assert hidden.state is OutputState.AWAY
    assert DRIVEN not in hidden.pixels
    machine.handlers["away"]("off")
    assert machine.picture_at(11.1).state is OutputState.HOLD


def test_resting_shows_the_portrait_for_as_long_as_nobody_looks(machine: OutputMachine) -> None:
    machine.take(plain_animated(0, DRIVEN, RESTING), 10.0)
    machine.picture_at(10.0)
    for second in range(30):
        machine.rest(10.5 + second)
        assert machine.picture_at(10.5 + second).state is OutputState.NEUTRAL


def test_pictures_are_counted_and_repeated_ones_share_their_pixels(machine: OutputMachine) -> None:
    machine.take(plain_animated(0, DRIVEN, RESTING), 10.0)
    machine.picture_at(10.0)
    one, other = machine.picture_at(10.6), machine.picture_at(10.65)
    assert (one.index, other.index) == (1, 2)
    assert one.pixels is other.pixels


def test_offline_a_frame_comes_out_at_its_own_time(machine: OutputMachine) -> None:
    picture = machine.picture_of(plain_animated(30, DRIVEN, RESTING))
    assert (picture.shown_at, picture.driver_index, _light(picture)) == (1.0, 30, DRIVEN)
