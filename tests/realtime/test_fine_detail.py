"""A portrait's own detail, finer than the networks' pixels: where it is added, what it follows, and of which files."""

from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.fine_detail import FineDetail, detailed
from realtime.frames import Keypoints, Motion, Pixels, Tensor
from realtime.ground import FADED
from realtime.networks import Networks
from realtime.parts import EVERYTHING
from realtime.portraits.cross_fade import CrossFade
from realtime.portraits.grounds import Grounds
from realtime.portraits.opener import PortraitOpener
from realtime.portraits.portrait import Portrait, open_portrait
from tests.fakes import FakeEngine, TellingEngine
from tests.tiny_bundle import KEYPOINTS, SIZE

SIDE, FINE, CELLS = 128, 256, 32
STEP = 16  # of the networks' pixels


def texture(side: int) -> Pixels:
    """Soft shapes with fine grain over them, in colour."""
    random = np.random.default_rng(0)
    shapes = cv2.resize(random.integers(60, 190, (8, 8, 3)).astype(np.uint8), (side, side))
    return np.asarray((shapes + random.integers(-30, 31, (side, side, 1))).clip(0, 255), np.uint8)


def smaller(picture: Pixels, side: int) -> Pixels:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def larger(picture: Pixels, side: int) -> Pixels:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def apart(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def motion(step_px: float) -> Tensor:
    """All of it, so far to the right, in the networks' pixels."""
    displacement = np.zeros((CELLS, CELLS, 2), np.float32)
    displacement[..., 0] = -step_px / (SIDE / 2)
    return displacement


FINE_PICTURE = texture(FINE)
SQUARE = smaller(FINE_PICTURE, SIDE)
DETAIL = FineDetail.of(SQUARE, FINE_PICTURE)


def test_a_portrait_that_does_not_move_is_the_file_s_own_picture() -> None:
    found = detailed(SQUARE, motion(0), DETAIL)
    assert found.shape == FINE_PICTURE.shape
    assert apart(larger(SQUARE, FINE), FINE_PICTURE) > 8
    assert apart(found, FINE_PICTURE) < 1.5


def test_detail_goes_where_the_networks_take_the_portrait() -> None:
    moved, wanted = np.roll(SQUARE, STEP, axis=1), np.roll(FINE_PICTURE, 2 * STEP, axis=1)
    found = detailed(moved, motion(STEP), DETAIL)
    inside = np.s_[:, 3 * STEP :]
    assert apart(found[inside], wanted[inside]) < 1.5
    left_behind = detailed(moved, motion(0), DETAIL)
    assert apart(left_behind[inside], wanted[inside]) > 8


def test_what_was_painted_anew_gets_none() -> None:
    painted = SQUARE.copy()
    painted[40:80, 40:80] = (200, 20, 20)
    found = detailed(painted, motion(0), DETAIL)
    inside, outside = np.s_[96:144, 96:144], np.s_[:64]
    np.testing.assert_array_equal(found[inside], larger(painted, FINE)[inside])
    assert apart(found[outside], FINE_PICTURE[outside]) < 1.5


def test_what_was_painted_anew_is_made_crisper_and_keeps_its_shades() -> None:
    painted = SQUARE.copy()
    bars = np.where(np.arange(48) // 6 % 2, 220, 40).astype(np.uint8)
    painted[40:88, 40:88] = cv2.GaussianBlur(np.tile(bars[None, :, None], (48, 1, 3)), (0, 0), 1.0)
    inside = np.s_[90:166, 90:166]
    plain, found = (
        cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[inside].astype(float)
        for x in (
            larger(painted, FINE),
            detailed(painted, motion(0), DETAIL),
        )
    )
    edges = [np.abs(np.diff(picture, axis=1)).max() for picture in (plain, found)]
    assert 1.05 * edges[0] < edges[1] < 1.5 * edges[0]
    assert abs(plain.mean() - found.mean()) < 1
    assert found.max() < plain.max() + 20 and found.min() > plain.min() - 20  # no bright or dark rims to speak of


def test_what_is_behind_keeps_its_own_and_takes_none_of_the_person() -> None:
    """The person is the lower half; everything is said to show the ground, though the motion takes it elsewhere."""
    person = np.zeros((SIDE, SIDE), np.uint8)
    person[SIDE // 2 :] = 255
    everywhere = np.ones((SIDE, SIDE), np.float32)
    found = detailed(SQUARE, motion(STEP), FineDetail.of(SQUARE, FINE_PICTURE, person), everywhere)
    above, deep = np.s_[: FINE // 2 - 16], np.s_[FINE // 2 + round(FADED * FINE) + 8 :]
    assert apart(found[above], FINE_PICTURE[above]) < 1.5
    np.testing.assert_array_equal(found[deep], larger(SQUARE, FINE)[deep])
    scribbled = FINE_PICTURE.copy()
    scribbled[FINE // 2 :] = texture(FINE)[: FINE // 2]
    of_another = detailed(SQUARE, motion(STEP), FineDetail.of(SQUARE, scribbled, person), everywhere)
    np.testing.assert_array_equal(found[FINE // 2 + 8 :], of_another[FINE // 2 + 8 :])


def written(folder: Path, picture: Pixels) -> Path:
    path = folder / f"{len(picture)}.png"
    path.write_bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())
    return path


@pytest.mark.parametrize(("side", "own"), [(70, None), (80, 80), (101, 100), (400, 128), (2000, 128)])
def test_a_file_s_detail_is_as_fine_as_the_file_and_at_most_twice_the_networks(
    tmp_path: Path, side: int, own: int | None
) -> None:
    portrait = open_portrait(written(tmp_path, texture(side)), 64, None)
    found = portrait.detail and len(portrait.detail.moving)
    assert found == own and portrait.fine is None


def test_detail_comes_from_the_file_s_pixels_where_the_picture_is_kept_smaller(tmp_path: Path) -> None:
    """The face takes a 20th of a large file: 128 pixels, of which 64 are kept of the picture."""
    pack = tmp_path / "pack"
    pack.mkdir()
    picture = np.full((2560, 2560, 3), 128, np.uint8)
    picture[:128, :128] = texture(128)
    (pack / "face.png").write_bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())
    (pack / "portrait.toml").write_text("crop = [0, 0, 0.05]")
    portrait = open_portrait(pack, 64, None)
    assert len(portrait.picture) == 1280 and portrait.detail is not None
    still = np.zeros((CELLS, CELLS, 2), np.float32)
    assert apart(detailed(portrait.square, still, portrait.detail), texture(128)) < 1.5


def test_another_ground_has_nothing_of_the_old_one(tmp_path: Path) -> None:
    cut_out = np.dstack([texture(300), np.zeros((300, 300), np.uint8)])
    cut_out[100:, 80:220, 3] = 255
    path = tmp_path / "cut.png"
    path.write_bytes(cv2.imencode(".png", cut_out)[1].tobytes())
    detail = open_portrait(path, 64, None, grounds=Grounds(behind="#00b140")).detail
    assert detail is not None and detail.still is not None
    assert np.abs(detail.still[:30]).max() < 0.1 and np.abs(detail.moving[60:, 50:80]).mean() > 3


def test_without_the_networks_motion_there_is_none() -> None:
    grounds = Grounds(behind="keep", told=False)
    assert PortraitOpener(64, None, "", grounds).of_pixels(texture(200)).detail is None
    assert PortraitOpener(64, None, "", Grounds(behind="keep")).of_pixels(texture(200)).detail is not None


@pytest.mark.parametrize(("engine", "side"), [(TellingEngine, 2 * SIZE), (FakeEngine, SIZE)])
def test_pictures_are_as_large_as_the_detail_where_the_networks_tell_their_motion(
    engine: type[FakeEngine], side: int
) -> None:
    portrait: Portrait = PortraitOpener(SIZE, None, "", Grounds(behind="keep")).of_pixels(texture(4 * SIZE))
    networks = Networks(engine(), lambda _name: nullcontext(), EVERYTHING)
    source = networks.encode(portrait)
    still = Keypoints(np.zeros((KEYPOINTS, 2), np.float32), np.tile(np.eye(2, dtype=np.float32), (KEYPOINTS, 1, 1)))
    assert source.resting.shape == networks.animate(source, Motion(still)).shape == (side, side, 3)
    assert source.size_bytes > portrait.size_bytes


def test_portraits_fade_into_larger_ones() -> None:
    fade = CrossFade(1.0)
    fade.passed(np.zeros((64, 64, 3), np.uint8), "small", 0.0)
    mixed = fade.passed(np.full((128, 128, 3), 200, np.uint8), "large", 1.0)
    assert mixed.shape == (128, 128, 3) and (mixed == 0).all()
    assert (fade.passed(np.full((128, 128, 3), 200, np.uint8), "large", 1.5) == 100).all()
