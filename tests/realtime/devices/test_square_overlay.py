"""What is drawn over the animated square lands there, wherever the canvas puts it: letterboxed, cropped, mirrored."""

import numpy as np
import pygame
import pytest

from realtime.control.command_table import Part
from realtime.controls import Command, CommandQueue
from realtime.devices.square_overlay import lay_over, mark, places_in
from realtime.devices.window_view import DRIVER_COLOUR, TARGET_COLOUR, WindowView
from realtime.figures.dashboard import Preview
from realtime.frames import Keypoints, OutputFrame, Pixels, Place, Size
from realtime.output.canvas import Canvas
from realtime.output.machine import OutputMachine
from tests.fakes import plain_animated

HD = Size(1280, 720)
HD_SQUARE = Place(280, 0, 720, 720)


def _keypoints(*places: tuple[float, float]) -> Keypoints:
    count = len(places)
    return Keypoints(np.array(places, np.float32), np.tile(np.eye(2, dtype=np.float32), (count, 1, 1)))


def _live_picture(size: Size = HD) -> OutputFrame:
    machine = OutputMachine(Canvas(size, badge=False), plain_animated(level=100))
    machine.take(plain_animated(1, level=100), 10.0)
    return machine.picture_at(10.0)


def _shown(frame: OutputFrame, preview: Preview, *wishes: Command) -> Pixels:
    """What a window of the frame's own size shows [h, w, 3]."""
    commands = CommandQueue()
    commands.attend(Part.WINDOW)
    commands.dashboard.preview = preview
    view = WindowView(commands.dashboard, {})
    for wish in wishes:
        view.handlers[wish.name](wish.argument)
    height, width = frame.pixels.shape[:2]
    screen = pygame.Surface((width, height))
    view.draw(screen, frame)
    return np.asarray(pygame.surfarray.array3d(screen).swapaxes(0, 1), np.uint8)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (HD_SQUARE, [[640, 360], [280, 0], [820, 180]]),
        (Place(280, 0, 720, 720, mirrored=True), [[640, 360], [1000, 0], [460, 180]]),
        (Place(-100, 50, 400, 400), [[100, 250], [-100, 50], [200, 150]]),
    ],
)
def test_keypoints_are_shares_of_the_square(place: Place, expected: list[list[int]]) -> None:
    keypoints = _keypoints((0.0, 0.0), (-1.0, -1.0), (0.5, -0.5))
    assert places_in(keypoints, place).tolist() == expected


def test_the_machine_says_where_the_square_is() -> None:
    assert _live_picture().square == HD_SQUARE
    assert _live_picture(Size(480, 640)).square == Place(0, 80, 480, 480)
    machine = OutputMachine(Canvas(HD), plain_animated())
    machine.take(plain_animated(1), 10.0)
    assert machine.picture_at(99.0).square is None, "the away picture has none"


def test_a_ghost_fills_the_square_and_nothing_beside_it() -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    driver = np.full((64, 64, 3), 200, np.uint8)
    driver[:, :32] = 100
    lay_over(picture, driver, HD_SQUARE, 0.5)
    assert not picture[:, :280].any() and not picture[:, 1000:].any()
    assert (picture[:, 280:600] == 50).all() and (picture[:, 680:1000] == 100).all()
    lay_over(mirrored := np.zeros_like(picture), driver, Place(280, 0, 720, 720, mirrored=True), 0.5)
    assert (mirrored[:, 280:600] == 100).all() and (mirrored[:, 680:1000] == 50).all()


@pytest.mark.parametrize("place", [Place(-30, -30, 60, 60), Place(70, 30, 60, 60), Place(200, 0, 10, 10)])
def test_what_reaches_outside_is_left_out(place: Place) -> None:
    picture = np.zeros((80, 100, 3), np.uint8)
    lay_over(picture, np.full((64, 64, 3), 255, np.uint8), place, 1.0)
    rows, columns = np.nonzero(picture[..., 0])
    inside = (picture[max(0, place.top_px) :, max(0, place.left_px) :][:60, :60, 0] == 255).sum()
    assert len(rows) == len(columns) == inside == (picture[..., 0] == 255).sum()
    mark(picture, _keypoints((0.0, 0.0)), place, (1, 2, 3))


def test_the_window_draws_ghost_and_keypoints_over_a_letterboxed_portrait() -> None:
    driver = np.full((64, 64, 3), 250, np.uint8)
    preview = Preview(driver, _keypoints((0.5, 0.5)), _keypoints((-0.5, 0.0)))
    frame = _live_picture()
    shown = _shown(frame, preview, Command("overlay", "0.5"), Command("keypoints"))
    assert np.array_equal(shown[:, :280], frame.pixels[:, :280])
    assert np.array_equal(shown[:, 1000:], frame.pixels[:, 1000:])
    assert shown[100, 300].tolist() == [175, 175, 175]
    assert tuple(shown[540, 820]) == DRIVER_COLOUR
    assert tuple(shown[360, 460]) == TARGET_COLOUR


def test_nothing_is_drawn_over_the_away_picture() -> None:
    preview = Preview(np.full((64, 64, 3), 250, np.uint8), _keypoints((0, 0)), _keypoints((0, 0)))
    machine = OutputMachine(Canvas(HD, badge=False), plain_animated())
    machine.take(plain_animated(1), 10.0)
    away = machine.picture_at(99.0)
    assert np.array_equal(_shown(away, preview, Command("overlay", "1"), Command("keypoints")), away.pixels)
