"""Both eyes open and close together, but for a wink."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.eyes import eyes_together
from realtime.frames import Keypoints, Motion
from realtime.parts import Parts
from tests.realtime.keypoint_tracks import FACE, OPENINGS, PARTS, face

PORTRAIT = face()
LIDS = [end for pair in OPENINGS[:2] for end in pair]
OPEN = 0.08  # how far apart the lids of `face` are


def _moved(left: float, right: float) -> Motion:
    """The face with its eyes open by so much of their own, the upper lids having moved."""
    mean = FACE.copy()
    mean[[0, 1], 1] = mean[[2, 3], 1] - OPEN * np.array([left, right], np.float32)
    return Motion(Keypoints(mean, PORTRAIT.covariance))


def _shares(motion: Motion) -> np.ndarray:
    mean = motion.target.mean
    return np.linalg.norm(mean[[2, 3]] - mean[[0, 1]], axis=1) / OPEN


@pytest.mark.parametrize(("left", "right"), [(0.6, 0.9), (1.3, 1.1), (0.1, 0.3), (0.75, 0.3)])
def test_eyes_that_a_turning_head_seems_to_open_differently_open_alike(left: float, right: float) -> None:
    together = eyes_together(_moved(left, right), PORTRAIT, PARTS)
    np.testing.assert_allclose(_shares(together), (left + right) / 2, atol=1e-5)
    rest = np.delete(np.arange(len(FACE)), LIDS)
    np.testing.assert_array_equal(together.target.mean[rest], FACE[rest])


@pytest.mark.parametrize(("left", "right"), [(0.05, 1.0), (1.1, 0.2)])
def test_a_wink_stays_a_wink(left: float, right: float) -> None:
    np.testing.assert_allclose(_shares(eyes_together(_moved(left, right), PORTRAIT, PARTS)), (left, right), atol=1e-5)


def test_from_together_to_a_wink_nothing_jumps() -> None:
    found = [_shares(eyes_together(_moved(1 - d, 1.0), PORTRAIT, PARTS)) for d in np.linspace(0, 0.9, 181)]
    assert np.abs(np.diff(found, axis=0)).max() < 0.02
    closing = [shares[0] for shares in found]
    assert (np.diff(closing) <= 1e-6).all()


@given(st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_the_mean_is_kept_and_nothing_breaks(left: float, right: float) -> None:
    found = _shares(eyes_together(_moved(left, right), PORTRAIT, PARTS))
    assert np.isfinite(found).all()
    if min(left, right) > 0.01:
        assert found.mean() == pytest.approx((left + right) / 2, abs=1e-4)


def test_at_rest_and_without_two_eyes_it_stays_to_the_last_bit() -> None:
    np.testing.assert_array_equal(eyes_together(Motion(PORTRAIT), PORTRAIT, PARTS).target.mean, FACE)
    one = Parts.named({"face": tuple(range(len(FACE))), "eyes": (0, 2)}, OPENINGS[:1])
    motion = _moved(0.4, 0.6)
    assert eyes_together(motion, PORTRAIT, one) is motion
