"""Landmarks beside the face: rays that leave the person, edges, and frames in between."""

import numpy as np
import pytest

from training.body_landmarks import EDGE, interpolated, outline_points, rows_looked_at

SIZE = 100


@pytest.fixture
def mask() -> np.ndarray:
    """A head 40 wide from row 10 to 60 about column 50, a body 80 wide below."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[10:60, 30:70] = 1
    mask[60:, 10:90] = 1
    return mask


@pytest.fixture
def face() -> np.ndarray:
    points = np.full((478, 2), 0.5, np.float32)
    points[468], points[473] = (0.42, 0.3), (0.58, 0.3)
    points[61], points[291] = (0.45, 0.45), (0.55, 0.45)
    points[152] = (0.5, 0.55)
    return points


def test_rays_end_where_the_person_does(mask: np.ndarray, face: np.ndarray) -> None:
    expected = [(0.5, 0.1), (0.3, 0.3), (0.7, 0.3), (0.3, 0.55), (0.7, 0.55)]
    np.testing.assert_allclose(outline_points(mask, face), expected, atol=0.011)


def test_a_turned_head_has_its_outline_turned(mask: np.ndarray, face: np.ndarray) -> None:
    turned = np.stack([1 - face[:, 1], face[:, 0]], axis=1)  # a quarter to the right
    crown = outline_points(np.rot90(mask, -1).copy(), turned)[0]
    np.testing.assert_allclose(crown, (0.9, 0.5), atol=0.011)


def test_a_hole_is_no_outline_and_the_picture_ends_it(mask: np.ndarray, face: np.ndarray) -> None:
    mask[30, 40] = 0  # a single pixel beside the eyes
    mask[:11] = 1
    mask[:, 40:60] = np.maximum(mask[:, 40:60], 1)
    points = outline_points(mask, face)
    assert points[1, 0] == pytest.approx(0.3, abs=0.011)
    assert points[0, 1] == pytest.approx(EDGE)


def test_no_face_no_outline(mask: np.ndarray) -> None:
    assert np.isnan(outline_points(mask, np.full((478, 2), np.nan, np.float32))).all()


def test_frames_in_between_lie_on_straight_lines() -> None:
    rows = rows_looked_at(7, 4)
    assert rows.tolist() == [0, 4, 6]
    points = np.array([[[0.0, 1.0]], [[0.4, 1.0]], [[np.nan, np.nan]]], np.float32)
    found = interpolated(rows, points, 7)
    np.testing.assert_allclose(found[:5, 0, 0], [0, 0.1, 0.2, 0.3, 0.4], atol=1e-6)
    assert np.isnan(found[5:]).all()
