"""What is behind a person goes on some way behind it, in colour softly and in detail as in a mirror."""

import numpy as np

from realtime.frames import Tensor
from realtime.ground import FADED, WHOLE, mirrored_inwards
from realtime.portraits.behind import uncovered

SIDE = 256
EDGE = 100  # the first column that is inside
NOISE: Tensor = np.random.default_rng(0).normal(0, 10, (SIDE, SIDE, 3)).astype(np.float32)


def inside_from(column: int) -> "np.ndarray":
    inside = np.zeros((SIDE, SIDE), np.bool_)
    inside[:, column:] = True
    return inside


def test_detail_goes_on_as_in_a_mirror_and_then_fades() -> None:
    inside = inside_from(EDGE)
    found = mirrored_inwards(np.where(inside[..., None], 99, NOISE).astype(np.float32), inside)
    np.testing.assert_array_equal(found[:, :EDGE], NOISE[:, :EDGE])
    whole, faded = round(WHOLE * SIDE), round(FADED * SIDE)
    mirror = NOISE[:, EDGE - whole : EDGE][:, ::-1]
    alike = np.corrcoef(found[:, EDGE + 2 : EDGE + whole].ravel(), mirror[:, 2:].ravel())[0, 1]
    assert alike > 0.9
    assert not found[:, EDGE + faded + 2 :].any()


def test_detail_may_be_grey_and_of_nobody_or_everybody() -> None:
    grey = NOISE[..., 0]
    np.testing.assert_array_equal(mirrored_inwards(grey, inside_from(SIDE)), grey)
    assert not mirrored_inwards(grey, inside_from(0)).any()


def test_behind_a_person_a_wall_goes_on_with_its_grain() -> None:
    wall = np.rint(120 + NOISE).clip(0, 255).astype(np.uint8)
    person = inside_from(EDGE)
    wall[person] = (200, 60, 40)
    ground = uncovered(wall, np.where(person, 255, 0).astype(np.uint8)).astype(np.float32)
    near, far = np.s_[:, EDGE + 2 : EDGE + 8], np.s_[:, EDGE + 60 :]
    for strip in (near, far):
        assert np.abs(ground[strip].mean(axis=(0, 1)) - 120).max() < 3
    assert ground[near].std() > 0.6 * NOISE.std() and ground[far].std() < 0.2 * NOISE.std()
