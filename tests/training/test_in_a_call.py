"""Portraits moved in training and evaluation as the live program moves them."""

import numpy as np
import torch

from models.geometry import Keypoints as Batch
from realtime.animator import AnimatorOptions
from realtime.frames import Keypoints
from realtime.gain import followed
from realtime.limiter import range_used
from tests.realtime.keypoint_tracks import FACE, WITH_DEPTHS, face
from training.in_a_call import in_a_call, moved_in_calls, one_by_one, stacked

DRIVERS = [face(jaw=0.1), face(lids=0.06), face(shift=(0.9, 0.2)), face()]
PORTRAITS = [face(scale=0.8), face(shift=(0.1, 0.0)), face(), face(scale=1.1)]
NEUTRAL = [face()] * 4


def _batch(keypoints: list[Keypoints]) -> Batch:
    return stacked(keypoints)


def test_a_batch_is_moved_as_its_portraits_are_one_by_one() -> None:
    moved = moved_in_calls(_batch(DRIVERS), _batch(PORTRAITS), _batch(NEUTRAL), WITH_DEPTHS)
    for found, driver, portrait, neutral in zip(one_by_one(moved), DRIVERS, PORTRAITS, NEUTRAL, strict=True):
        target = in_a_call(driver, portrait, neutral, WITH_DEPTHS).target
        np.testing.assert_array_equal(found.mean, target.mean)
        np.testing.assert_array_equal(found.covariance, target.covariance)
    assert not moved.mean.requires_grad


def test_it_is_what_a_call_shows_limiter_and_all() -> None:
    assert AnimatorOptions().limiter and AnimatorOptions().motion == "relative"
    speaking, leaning, resting = (in_a_call(DRIVERS[i], PORTRAITS[i], NEUTRAL[i], WITH_DEPTHS) for i in (0, 2, 3))
    asked = followed(DRIVERS[0], PORTRAITS[0], NEUTRAL[0], WITH_DEPTHS).target
    np.testing.assert_array_equal(speaking.target.mean, asked.mean)
    assert range_used(leaning, PORTRAITS[2], WITH_DEPTHS) < 1.01
    np.testing.assert_array_equal(resting.target.mean, PORTRAITS[3].mean)


def test_of_no_portraits_there_are_none_moved() -> None:
    none = Batch(torch.empty(0, len(FACE), 2), torch.empty(0, len(FACE), 2, 2))
    assert len(moved_in_calls(none, none, none, WITH_DEPTHS).mean) == 0
