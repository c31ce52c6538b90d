"""Masks, flow, trust and warped picture: what they show, where, and what is said where a bundle cannot show them."""

from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pygame
import pytest

from realtime.animator import Animator
from realtime.bundle import Bundle
from realtime.control.command_table import Part
from realtime.controls import Command, CommandQueue
from realtime.devices.window_view import WindowView
from realtime.errors import CommandError
from realtime.figures.dashboard import Preview, SourceView
from realtime.frames import Keypoints, OutputFrame, OutputState, Pixels, Place
from realtime.motion_views import MotionViews
from tests.fakes import FakeEngine, plain_frame
from tests.split_bundle import THUMBNAIL, with_split
from tests.tiny_bundle import KEYPOINTS, SIZE

STILL = np.zeros((KEYPOINTS, 2), np.float32)


def _keypoints(x: float = 0.0, y: float = 0.0) -> Keypoints:
    return Keypoints(STILL + np.array([x, y], np.float32), np.tile(np.eye(2, dtype=np.float32), (KEYPOINTS, 1, 1)))


def _preview(x: float = 0.0, y: float = 0.0) -> Preview:
    """A portrait with a white dot in its middle, its keypoints to move by x and y; the left half not to be trusted."""
    square = np.zeros((SIZE, SIZE, 3), np.uint8)
    square[30:34, 30:34] = 255
    thumbnail = np.ones(THUMBNAIL, np.float32)
    thumbnail[..., :8] = 0
    source = SourceView(square, _keypoints(), thumbnail)
    return Preview(np.full((SIZE, SIZE, 3), 77, np.uint8), _keypoints(), _keypoints(x, y), source)


@pytest.fixture
def views(own_bundle: Path) -> MotionViews:
    return MotionViews(with_split(own_bundle))


def _dot(picture: Pixels) -> tuple[float, float]:
    rows, columns = np.nonzero(picture[..., 0] > 128)
    return float(columns.mean()), float(rows.mean())


def test_the_warped_portrait_moves_as_its_keypoints_do(views: MotionViews) -> None:
    assert _dot(views.picture("warped", _preview())) == (31.5, 31.5)
    assert _dot(views.picture("warped", _preview(x=0.25))) == (31.5 + 8, 31.5)
    assert _dot(views.picture("warped", _preview(y=-0.5))) == (31.5, 31.5 - 16)


def test_flow_is_dark_at_rest_and_its_hue_is_whence_a_pixel_comes(views: MotionViews) -> None:
    assert not views.picture("flow", _preview()).any()
    assert views.picture("flow", _preview(x=-0.25))[32, 32].tolist() == [255, 0, 0]  # from the right
    assert views.picture("flow", _preview(x=0.25))[32, 32].tolist() == [0, 255, 255]  # from the left
    half = views.picture("flow", _preview(x=-0.075))[32, 32]
    assert half.tolist() == [pytest.approx(128, abs=1), 0, 0]


def test_masks_are_grey_where_the_background_stays_and_coloured_elsewhere(views: MotionViews) -> None:
    picture = views.picture("masks", _preview())
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture[32, 8].tolist() == [60, 60, 60]
    assert picture[32, 56].tolist() == [0, 255, 0]  # the second of three hues


def test_trust_is_white_where_the_portrait_can_be_copied(views: MotionViews) -> None:
    picture = views.picture("trust", _preview())
    assert picture[32, 8].tolist() == [0, 0, 0] and picture[32, 56].tolist() == [255, 255, 255]


def test_what_the_networks_do_not_tell_is_refused(own_bundle: Path) -> None:
    older = MotionViews(with_split(own_bundle, masks=False))
    with pytest.raises(CommandError, match="view masks: this bundle's networks do not tell it"):
        older.picture("masks", _preview())
    assert older.picture("flow", _preview()).shape == (SIZE, SIZE, 3)


class Window:
    """A window's view of a square in the middle of a wide picture."""

    def __init__(self) -> None:
        self.commands = CommandQueue()
        self.commands.attend(Part.WINDOW)
        self.view = WindowView(self.commands.dashboard, {})

    def obey(self, argument: str = "") -> "Future[str]":
        reply = self.commands.post(Command("view", argument))
        self.commands.carry_out(Part.WINDOW, self.view.handlers)
        return reply

    def shows(self) -> Pixels:
        pixels = np.full((SIZE, 2 * SIZE, 3), 10, np.uint8)
        screen = pygame.Surface((2 * SIZE, SIZE))
        self.view.draw(screen, OutputFrame(pixels, 0, 0.0, OutputState.LIVE, 0, 0.0, Place(32, 0, SIZE, SIZE)))
        assert (pixels == 10).all(), "what is sent stays as it is"
        return np.asarray(pygame.surfarray.array3d(screen).swapaxes(0, 1), np.uint8)


def test_a_bundle_without_split_graphs_says_so_and_nothing_changes(tiny_bundle: Bundle) -> None:
    window = Window()
    with Animator(FakeEngine(), tiny_bundle, dashboard=window.commands.dashboard) as animator:
        animator.set_source(np.full((SIZE, SIZE, 3), 100, np.uint8))
        animator.animate(plain_frame())
        refusal = window.obey("flow").exception(timeout=0)
    assert isinstance(refusal, CommandError)
    assert "holds no split graphs" in refusal.message and "--split" in refusal.hint
    assert "holds no split graphs" in window.commands.dashboard.notice()
    window.view.close()
    window.commands.dashboard.notify("")
    assert (window.shows() == 10).all()


def test_the_window_shows_a_view_in_the_squares_place_and_goes_on_to_the_next(own_bundle: Path) -> None:
    window = Window()
    window.commands.dashboard.open_explainer = lambda: MotionViews(with_split(own_bundle))
    assert "no driver has been seen" in str(window.obey("flow").exception(timeout=0))
    window.commands.dashboard.preview = _preview(x=-0.25)
    told = [window.obey().result(timeout=0) for _ in range(2)]
    assert told == ["view: masks, in this window only", "view: flow, in this window only"]
    window.commands.dashboard.notify("")
    shown = window.shows()
    assert (shown[:, 32:96] == (255, 0, 0)).all()
    assert (shown[:, :32] == 10).all() and (shown[:, 96:] == 10).all()
    told = [window.obey().result(timeout=0) for _ in range(3)]
    assert told[-1] == "view off"
    window.commands.dashboard.notify("")
    assert (window.shows() == 10).all()


def test_a_view_that_fails_later_is_told_and_turned_off(own_bundle: Path) -> None:
    window = Window()
    window.commands.dashboard.open_explainer = lambda: MotionViews(with_split(own_bundle))
    window.commands.dashboard.preview = _preview()
    assert window.obey("trust").result(timeout=0)
    square = np.zeros((SIZE, SIZE, 3), np.uint8)
    bare = SourceView(square, _keypoints())  # another portrait, without what the motion network takes
    window.commands.dashboard.preview = Preview(square, _keypoints(), _keypoints(), bare)
    window.shows()
    assert "no portrait with a motion network" in window.commands.dashboard.notice()
    window.commands.dashboard.notify("")
    assert (window.shows() == 10).all()
