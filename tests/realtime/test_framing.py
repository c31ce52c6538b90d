"""Framing: crops cut out exactly what they name, also beyond the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.faces.detector import FaceBox
from realtime.framing import FACE_CENTRE, FACE_SIZE, Crop, centre_crop, cut_around, cut_out, face_crop, mirrored

HEIGHT, WIDTH = 12, 17
PICTURE = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(1, 30))
def test_pasting_a_crop_back_restores_the_picture(left: int, top: int, side: int) -> None:
    square = cut_out(PICTURE, Crop(left, top, side), side)
    assert square.shape == (side, side, 3)
    rows, columns = np.arange(top, top + side), np.arange(left, left + side)
    # Inside it is the picture itself; outside, the nearest pixel of its border.
    expected = PICTURE[np.clip(rows, 0, HEIGHT - 1)[:, None], np.clip(columns, 0, WIDTH - 1)]
    assert np.array_equal(square, expected)


@pytest.mark.parametrize("size", [5, 12, 40])
def test_a_crop_comes_out_at_the_size_asked_for(size: int) -> None:
    assert cut_out(PICTURE, centre_crop(HEIGHT, WIDTH), size).shape == (size, size, 3)


def test_centre_crop_is_the_largest_square_in_the_middle() -> None:
    assert centre_crop(HEIGHT, WIDTH) == Crop(left_px=2, top_px=0, side_px=12)


def test_a_face_is_put_where_the_training_pictures_have_it() -> None:
    crop = face_crop(FaceBox(left_px=800, top_px=100, width_px=80, height_px=125, score=1.0), 720, 1280)
    assert crop.side_px == round(100 / FACE_SIZE)
    assert crop.left_px + FACE_CENTRE[0] * crop.side_px == pytest.approx(840, abs=1)
    assert crop.top_px + FACE_CENTRE[1] * crop.side_px == pytest.approx(162.5, abs=1)


def test_a_picture_framed_already_is_left_alone() -> None:
    face = FaceBox(left_px=82, top_px=55, width_px=110, height_px=150, score=1.0)
    assert face_crop(face, 256, 256) == Crop(0, 0, 256)


def test_mirroring_twice_changes_nothing() -> None:
    assert not np.array_equal(mirrored(PICTURE), PICTURE)
    assert np.array_equal(mirrored(mirrored(PICTURE)), PICTURE)


@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(6, 30))
def test_a_crop_between_pixels_shows_the_picture_where_it_is(left: float, top: float, side: float) -> None:
    """On a ramp, whose every value says where it stands."""
    ramp = np.zeros((64, 96, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(96), np.arange(64)[:, None]
    size = 5
    square = cut_out(ramp, Crop(left + 20, top + 20, side), size).astype(float)
    middles = (np.arange(size) + 0.5) / size * side - 0.5
    inner = slice(1, -1)
    np.testing.assert_allclose(
        square[inner, inner, 0], np.clip(left + 20 + middles, 0, 95)[None, inner].repeat(3, 0), atol=1
    )
    np.testing.assert_allclose(
        square[inner, inner, 1], np.clip(top + 20 + middles, 0, 63)[inner, None].repeat(3, 1), atol=1
    )


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(2, 15))
def test_a_margin_shows_what_lies_around_a_crop(left: int, top: int, cells: int) -> None:
    side = 4 * cells
    crop = Crop(left, top, side)
    around = cut_around(PICTURE, crop, side, cells)
    assert np.array_equal(around, cut_out(PICTURE, Crop(left - cells, top - cells, 6 * cells), 6 * cells))
    larger = cut_around(PICTURE, crop, 2 * side, 2 * cells)
    assert larger.shape == (12 * cells, 12 * cells, 3)
    assert np.array_equal(larger[2 * cells : -2 * cells, 2 * cells : -2 * cells], cut_out(PICTURE, crop, 2 * side))
