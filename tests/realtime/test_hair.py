"""The outline of hair and neck goes with the portrait's own head, and half of what the driver's does beside it."""

import numpy as np
import pytest

from realtime.frames import Keypoints, Motion, Tensor
from realtime.hair import HAIR_FOLLOWS, with_own_hair
from realtime.parts import Parts
from realtime.similarity import spread_of
from tests.realtime.keypoint_tracks import DEPTHS, FACE, MIRRORS, OPENINGS, ROWS, WAYS, face

HAIR = [len(FACE), len(FACE) + 1]
PLACES = np.array([(-0.6, -0.1), (0.6, -0.1)], np.float32)  # beside the eyes
BEHIND = ((-1.6, -0.5), (-1.6, -0.5))
WITH_HAIR = ROWS | {"hair": tuple(HAIR)}
FLAT = Parts.named(WITH_HAIR, OPENINGS)
DEEP = Parts.named(WITH_HAIR, OPENINGS, DEPTHS, MIRRORS, BEHIND)


def haired(keypoints: Keypoints, way: tuple[float, float] = (0.0, 0.0)) -> Keypoints:
    """With two points of hair, that have gone so far."""
    covariance = np.concatenate([keypoints.covariance, keypoints.covariance[:2]])
    return Keypoints(np.concatenate([keypoints.mean, PLACES + np.array(way, np.float32)]), covariance)


PORTRAIT = haired(face())


def tilted(points: Tensor, angle: float) -> Tensor:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ turn.T, np.float32)


def way_of_hair(moved: Keypoints, parts: Parts, portrait: Keypoints = PORTRAIT) -> Tensor:
    motion = Motion(moved)
    found = with_own_hair(motion, portrait, parts).target.mean
    np.testing.assert_array_equal(found[: len(FACE)], moved.mean[: len(FACE)])
    return np.asarray((found - portrait.mean)[HAIR], np.float32)


@pytest.mark.parametrize("parts", [FLAT, DEEP], ids=["flat", "deep"])
def test_hair_goes_with_the_head_and_half_of_what_the_drivers_does_beside_it(parts: Parts) -> None:
    for moved, drop, expected in (
        (face(), 0.2, (0.0, 0.1)),
        (face(shift=(0.3, -0.1)), 0.0, (0.15, -0.05)),
        (face(jaw=0.2), 0.0, (0.0, 0.0)),  # speech takes no hair along
    ):
        np.testing.assert_allclose(way_of_hair(haired(moved, (0, drop)), parts), [expected] * 2, atol=1e-5)


@pytest.mark.parametrize("parts", [FLAT, DEEP], ids=["flat", "deep"])
def test_hair_at_rest_stays_to_the_last_bit(parts: Parts) -> None:
    resting = with_own_hair(Motion(PORTRAIT), PORTRAIT, parts).target.mean
    np.testing.assert_array_equal(resting, PORTRAIT.mean)


def test_without_hair_the_motion_is_as_it_was() -> None:
    motion = Motion(haired(face(shift=(0.3, 0)), (0, 0.2)))
    assert with_own_hair(motion, PORTRAIT, Parts.named(ROWS, OPENINGS, DEPTHS, MIRRORS)) is motion


@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_as_a_head_turns_and_nods_hair_behind_it_goes_the_other_way(tilt: float) -> None:
    """In the axes of the head, however it is held; the driver's hair keeps still. None goes in behind the face."""
    sines, spread = (0.08, -0.05), spread_of(FACE)
    portrait = Keypoints(tilted(PORTRAIT.mean, tilt), PORTRAIT.covariance)
    ways = np.zeros_like(PORTRAIT.mean)
    ways[: len(FACE)] = np.outer(WAYS, sines)
    moved = Keypoints(portrait.mean + tilted(ways, tilt), portrait.covariance)
    deep = way_of_hair(moved, DEEP, portrait) - way_of_hair(moved, FLAT, portrait)
    behind = ((1 - HAIR_FOLLOWS) * spread * np.array(BEHIND) * sines).astype(np.float32)
    behind[1, 0] = 0
    expected = tilted(behind, tilt)
    np.testing.assert_allclose(deep, expected, atol=0.002)


def test_a_face_without_extent_takes_hair_nowhere_but_along() -> None:
    points = np.zeros_like(PORTRAIT.mean)
    portrait, moved = (Keypoints(points + np.float32(shift), PORTRAIT.covariance) for shift in (0, 0.1))
    found = with_own_hair(Motion(moved), portrait, DEEP).target.mean
    np.testing.assert_allclose(found, moved.mean, atol=1e-5)
