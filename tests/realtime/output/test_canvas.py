"""The canvas: fitted, never stretched; bars; the badge; the away picture."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.frames import AnimatedFrame, Background, Pixels, Size
from realtime.output.canvas import Canvas
from realtime.output.fitting import blended, centred, fitted_size

HD = Size(1280, 720)
sides = st.integers(16, 2000).map(lambda half: 2 * half)


def _circle(side: int = 256) -> Pixels:
    """A white disc that fills a black square."""
    picture = np.zeros((side, side, 3), np.uint8)
    return np.asarray(cv2.circle(picture, (side // 2, side // 2), side // 2 - 4, (255, 255, 255), -1), np.uint8)


def _frame(pixels: Pixels, resting: Pixels | None = None) -> AnimatedFrame:
    return AnimatedFrame(pixels, pixels if resting is None else resting, 0, 0.0)


@given(sides, sides, sides, sides)
def test_the_portrait_fits_keeps_its_proportions_and_touches_two_edges(a: int, b: int, c: int, d: int) -> None:
    inner, outer = Size(a, b), Size(c, d)
    fitted = fitted_size(inner, outer)
    assert fitted.width_px <= outer.width_px and fitted.height_px <= outer.height_px
    assert fitted.width_px == outer.width_px or fitted.height_px == outer.height_px
    scale = min(c / a, d / b)
    assert abs(fitted.width_px - a * scale) <= 2 and abs(fitted.height_px - b * scale) <= 2
    left, top = centred(fitted, outer)
    assert 0 <= left == pytest.approx((c - fitted.width_px) / 2, abs=0.5)
    assert 0 <= top == pytest.approx((d - fitted.height_px) / 2, abs=0.5)


@pytest.mark.parametrize("size", [HD, Size(640, 480), Size(480, 640), Size(256, 256), Size(64, 48)])
def test_a_circle_stays_a_circle(size: Size) -> None:
    picture = Canvas(size, badge=False).portrait(_frame(_circle(), np.zeros((256, 256, 3), np.uint8)))
    assert picture.shape == (size.height_px, size.width_px, 3)
    rows, columns = np.nonzero(picture[..., 0] > 128)
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 0.01 * size.height_px
    assert rows.mean() == pytest.approx((size.height_px - 1) / 2, abs=2)
    assert columns.mean() == pytest.approx((size.width_px - 1) / 2, abs=2)


def test_pixels_of_the_right_size_are_left_as_they_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.array_equal(Canvas(Size(64, 64), badge=False).portrait(_frame(pixels)), pixels)


def test_the_bars_come_from_the_resting_portrait_without_its_detail() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    picture = Canvas(HD, badge=False).portrait(_frame(np.zeros_like(noise), noise))
    bar = picture[:, :270]
    assert bar.mean() == pytest.approx(127 * 0.45, abs=5)
    assert bar.std() < 8


def test_the_bars_may_be_a_colour_or_a_picture_that_covers() -> None:
    frame = _frame(np.full((256, 256, 3), 120, np.uint8))
    coloured = Canvas(HD, False, None, Background(colour=(10, 200, 30))).portrait(frame)
    assert (coloured[:, :280] == (10, 200, 30)).all() and (coloured[:, 1000:] == (10, 200, 30)).all()
    assert (coloured[:, 280:1000] == 120).all()
    wide = np.zeros((100, 400, 3), np.uint8)
    wide[:, 111:] = 240  # of 400 columns the middle 178 cover 16:9: from 111 on
    pictured = Canvas(HD, False, None, Background(picture=wide)).portrait(frame)
    assert (pictured[:, 8:280] == 240).all() and (pictured[:, 1000:] == 240).all()


def test_the_badge_is_small_in_the_portraits_corner_and_nowhere_else() -> None:
    flat = np.full((256, 256, 3), 120, np.uint8)
    bare, marked = (Canvas(HD, badge=badge).portrait(_frame(flat)) for badge in (False, True))
    rows, columns = np.nonzero((bare != marked).any(axis=2))
    assert 0.001 < len(rows) / bare[..., 0].size < 0.005
    assert rows.min() > 0.9 * 720 and rows.max() < 720
    assert 900 < columns.min() < columns.max() < 1000  # the portrait's right edge
    assert marked.max() > 200 and marked.min() < 90  # letters on a plate


def test_the_away_picture_shows_no_face() -> None:
    away = Canvas(HD).away(_circle())
    assert np.unique(away[:100, :300].reshape(-1, 3), axis=0).shape[0] < 60  # a smooth gradient
    assert away[360, 600:680].max() == 235  # the pause sign


def test_ones_own_away_picture_is_fitted() -> None:
    own = np.full((100, 200, 3), (10, 200, 30), np.uint8)
    away = Canvas(Size(64, 64), badge=False, away_picture=own).away(_circle())
    assert (away[32, 32] == (10, 200, 30)).all()


def test_blending_goes_from_old_to_new() -> None:
    old, new = np.full((2, 2, 3), 100, np.uint8), np.full((2, 2, 3), 200, np.uint8)
    assert [int(blended(old, new, share)[0, 0, 0]) for share in (0.0, 0.25, 1.0)] == [100, 125, 200]
