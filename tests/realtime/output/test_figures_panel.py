"""The figures over the output: off by default, readable on any picture, never left behind in it."""

import numpy as np
import pytest

from realtime.frames import Pixels, Size
from realtime.output.canvas import Canvas
from realtime.output.figures_panel import FiguresPanel
from realtime.output.machine import OutputMachine, OutputTimes
from tests.fakes import plain_animated

LINES = ["30.0 fps out, camera 29.9 of 30 fps, 0 dropped", "age p50 35 ms, p95 39 ms"]
HD = (720, 1280, 3)


def _picture(level: int, shape: tuple[int, int, int] = HD) -> Pixels:
    return np.full(shape, level, np.uint8)


def test_off_it_costs_and_changes_nothing() -> None:
    asked: list[int] = []

    def lines() -> list[str]:
        asked.append(1)
        return LINES

    panel = FiguresPanel(lines)
    picture = _picture(90)
    assert panel.on(picture) is picture
    assert not asked


@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("shape", [HD, (256, 256, 3), (720, 480, 3)])
def test_white_on_dark_in_the_corner_of_any_picture(level: int, shape: tuple[int, int, int]) -> None:
    before = _picture(level, shape)
    after = FiguresPanel(lambda: LINES, shown=True).on(before)
    assert (before == level).all()
    rows, columns = np.nonzero((after == 255).all(axis=2) if level < 255 else after[..., 0] < 255)
    assert rows.size and columns.max() < shape[1] and rows.max() < 0.55 * shape[0]
    panel = after[: rows.max(), : columns.max()]
    assert np.median(panel) <= 0.3 * level + 1
    assert panel.max() >= 120, "there is text in it"
    assert (after[rows.max() + shape[0] // 4 :] == level).all()


def test_long_lines_are_broken_and_what_does_not_fit_is_left_out() -> None:
    long = [" ".join(f"stage{count} 12.3" for count in range(12))]
    picture = _picture(90, (256, 256, 3))
    few = FiguresPanel(lambda: ["stage0 12.3"], shown=True).on(picture)
    many = FiguresPanel(lambda: long, shown=True).on(picture)
    for drawn in (few, many):
        assert not (drawn[:, -3:] == 255).any(), "no line is cut off at the edge"
    assert (many == 255).sum() > 6 * (few == 255).sum()
    assert FiguresPanel(lambda: long, shown=True).on(_picture(90, (32, 32, 3))).shape == (32, 32, 3)


def test_it_is_drawn_anew_only_when_something_changes() -> None:
    figures = list(LINES)
    panel = FiguresPanel(lambda: figures, shown=True)
    picture, other = _picture(90), _picture(91)
    first = panel.on(picture)
    assert panel.on(picture) is first
    assert panel.on(other) is not first
    before = panel.on(picture)
    figures[0] = "15.0 fps out"
    assert not np.array_equal(panel.on(picture), before)


def _machine(panel: FiguresPanel) -> OutputMachine:
    times = OutputTimes(hold_s=0.2, neutral_s=1.0, away_s=5.0, fade_s=0.5)
    return OutputMachine(Canvas(Size(256, 256), badge=False), plain_animated(level=100), times, panel=panel)


def test_the_command_shows_it_in_the_output_and_takes_it_off() -> None:
    machine = _machine(FiguresPanel(lambda: LINES))
    machine.take(plain_animated(0, level=100), 10.0)
    plain = machine.picture_at(10.0).pixels
    assert machine.handlers["hud-output"]("") == "figures in the output on"
    assert (machine.picture_at(10.03).pixels == 255).any()
    assert machine.handlers["hud-output"]("off") == "figures in the output off"
    assert np.array_equal(machine.picture_at(10.06).pixels, plain)


def test_frozen_and_fading_pictures_carry_no_old_figures() -> None:
    machine = _machine(FiguresPanel(lambda: LINES, shown=True))
    machine.take(plain_animated(0, level=100), 10.0)
    assert (machine.picture_at(10.0).pixels == 255).any()
    machine.handlers["freeze"]("on")
    machine.handlers["hud-output"]("off")
    assert (machine.picture_at(10.1).pixels == 100).all()
    machine.handlers["freeze"]("off")
    machine.handlers["hud-output"]("on")
    machine.picture_at(10.15)
    machine.handlers["hud-output"]("off")
    fading = machine.picture_at(12.0)
    assert fading.state.value == "neutral portrait"
    assert fading.pixels.max() == 100
