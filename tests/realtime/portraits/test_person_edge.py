"""The edge of a person's mask: colours of both sides put right what the mask has wrong near it, and nothing else."""

import numpy as np
import pytest

from realtime.frames import Pixels, Tensor
from realtime.portraits.person_edge import BAND, DOUBT, laid_along_edges, weighed_by_colours

SIDE = 256
BROWN, TEAL = (90, 50, 40), (80, 150, 150)


def disc(radius: float) -> Tensor:
    """[SIDE, SIDE]: 1 within `radius` of the middle, 0 beyond."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    return (np.hypot(rows, columns) < radius).astype(np.float32)


def picture(person: Tensor, own: tuple[int, int, int], behind: tuple[int, int, int]) -> Pixels:
    """Two colours with some noise, `own` where person is 1."""
    noise = np.random.default_rng(0).normal(0, 4, (SIDE, SIDE, 3))
    clean = np.where(person[..., None] > 0, np.array(own), np.array(behind))
    return np.asarray((clean + noise).clip(0, 255), np.uint8)


@pytest.mark.parametrize("wrong", [-6, 6], ids=["too small", "too large"])
def test_a_mask_wrong_by_some_pixels_ends_where_the_colours_do(wrong: int) -> None:
    person = disc(80)
    mended = weighed_by_colours(disc(80 + wrong), picture(person, BROWN, TEAL))
    clearly = disc(83) == disc(77)  # some pixels of either side count together
    assert np.array_equal(mended[clearly] > 0.5, person[clearly] > 0.5)
    assert ((mended > 0.5) != (person > 0.5)).sum() < (disc(80 + wrong) != person).sum() / 3


def test_far_from_its_edge_the_mask_is_believed() -> None:
    person, mask = disc(80), disc(80)
    cut, reach = SIDE // 2 - 60, round(BAND * SIDE)
    mask[:, :cut] = 0  # twenty pixels of the person at its left
    mended = weighed_by_colours(mask, picture(person, BROWN, TEAL))[SIDE // 2]
    assert not mended[: cut - reach - 1].any()
    assert mended[cut - reach + 2 : cut].min() > 0.5


def test_like_colours_leave_a_mask_as_likely_as_it_was() -> None:
    mask = 0.5 * disc(80) + 0.5 * disc(70)
    mended = weighed_by_colours(mask, picture(mask, BROWN, BROWN))
    assert np.abs(mended - mask).max() < 0.15


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_mask_of_one_side_stays_as_it_is(level: float) -> None:
    mask = np.full((SIDE, SIDE), level, np.float32)
    assert np.array_equal(weighed_by_colours(mask, picture(disc(80), BROWN, TEAL)), mask)


def test_a_soft_mask_is_laid_along_the_pictures_edge_and_what_is_in_doubt_is_no_person() -> None:
    person = disc(80)
    soft = (disc(76) + disc(80) + disc(84)) / np.float32(3)
    laid = laid_along_edges(soft, picture(person, BROWN, TEAL))
    assert np.abs(laid - person).mean() < np.abs(soft - person).mean()
    plain = np.full((SIDE, SIDE, 3), 128, np.uint8)
    assert not laid_along_edges(np.full((SIDE, SIDE), DOUBT, np.float32), plain).any()
    assert laid_along_edges(np.full((SIDE, SIDE), 1 - DOUBT, np.float32), plain) == pytest.approx(1, abs=1e-5)
