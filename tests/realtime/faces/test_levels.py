"""Evened light: what it leaves alone, how far it goes, and that a driver in the dark blinks and speaks as by day."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.bundle import open_bundle
from realtime.engines.catalogue import open_engine
from realtime.faces.detector import FaceDetector
from realtime.faces.levels import BRIGHT, DARK, EASING_S, LARGEST_GAIN, LevelFollower, Levels
from realtime.frames import Pixels, pixels_to_tensor
from realtime.framing import cut_out, ideal_crop
from realtime.portraits.portrait import read_portrait
from realtime.settings import DEFAULT_BUNDLE, DEFAULT_CLIP, DEFAULT_SOURCE
from training.footage import read_footage


def _shades(darkest: int, brightest: int, side: int = 64) -> Pixels:
    """A ramp from one shade to another."""
    ramp = np.linspace(darkest, brightest, side).round().astype(np.uint8)
    return np.broadcast_to(ramp[None, :, None], (side, side, 3)).copy()


def test_a_picture_lit_well_stays_itself() -> None:
    picture = _shades(DARK - 10, BRIGHT + 20)
    assert Levels.of(picture).applied(picture) is picture


@given(st.integers(0, 200), st.integers(0, 255))
def test_every_other_picture_is_stretched_and_none_by_more_than_the_largest_gain(dark: int, extent: int) -> None:
    picture = _shades(dark, min(dark + extent, 255))
    levels = Levels.of(picture)
    evened = levels.applied(picture)
    assert 1 <= levels.gain <= LARGEST_GAIN
    assert (np.diff(evened[0, :, 0].astype(int)) >= 0).all()
    if levels.gain < LARGEST_GAIN:
        assert np.percentile(evened, 98) >= BRIGHT - 8
        assert np.percentile(evened, 2) <= DARK * levels.gain + 8


def test_what_is_brightest_in_a_dark_picture_is_not_burnt_out() -> None:
    evened = Levels.of(_shades(0, 60)).applied(_shades(0, 60))
    assert BRIGHT - 8 <= evened.max() < 255


def test_a_lamp_switched_on_moves_levels_slowly_and_the_next_face_takes_its_own_at_once() -> None:
    follower, dark, lit = (
        LevelFollower(),
        np.tile(_shades(0, 60, 16), (4, 4, 1)),
        np.tile(_shades(0, 240, 16), (4, 4, 1)),
    )
    first = follower.evened(dark, 0.0)
    assert first.max() > 150
    assert all(np.array_equal(follower.evened(dark, at_s), first) for at_s in (0.1, 0.2, 1.0))
    follower.evened(lit, 1.0)
    assert abs(int(follower.evened(dark, 1.0 + 1 / 30).max()) - int(first.max())) < 10
    lamp = [int(follower.evened(lit, 2.0 + at_s)[0, 4, 0]) for at_s in np.arange(0, 6 * EASING_S, 1 / 30)]
    assert (np.diff(lamp) <= 0).all() and lamp[-1] == pytest.approx(int(lit[0, 4, 0]), abs=1)
    assert lamp[0] > 1.5 * lamp[-1]
    follower.reset()
    assert np.array_equal(follower.evened(dark, 9.0), first)


def test_a_bright_window_behind_a_dark_face_is_not_looked_at() -> None:
    crop = np.full((64, 64, 3), 255, np.uint8)
    crop[12:52, 12:52] = _shades(10, 60, 40)
    assert LevelFollower().evened(crop, 0.0)[32, 40].max() > crop[32, 40].max() + 60


Light = Callable[[Pixels], Pixels]


def _in_the_dark(pixels: Pixels) -> Pixels:
    grain = np.random.default_rng(int(pixels.sum()) % 1000).normal(0, 4, pixels.shape)
    return (0.2 * pixels.astype(np.float32) + 4 + grain).clip(0, 255).astype(np.uint8)


def _in_haze(pixels: Pixels) -> Pixels:
    return (0.25 * pixels.astype(np.float32) + 90).astype(np.uint8)


@pytest.fixture(scope="module")
def drivers() -> list[Pixels]:
    """The driver of the clip that ships, framed as in a call, in every tenth of its frames."""
    frames = list(read_footage(DEFAULT_CLIP))[::10]
    crop = ideal_crop(FaceDetector().detect(frames[0])[0])
    return [cut_out(frame, crop, 256) for frame in frames]


def _openings(drivers: list[Pixels], light: Light) -> np.ndarray:
    """[t, o]: how far lids and lips are apart in the detector's eyes."""
    bundle = open_bundle(DEFAULT_BUNDLE)
    upper, lower = bundle.parts.openings.T
    found = []
    with open_engine("onnx-cpu", bundle) as engine:
        for pixels in drivers:
            image = engine.upload({"image": pixels_to_tensor(light(pixels))})
            mean = engine.download(engine.run("detect_keypoints", image)["mean"])[0]
            found.append(np.linalg.norm(mean[lower] - mean[upper], axis=1))
    return np.array(found)


@pytest.mark.parametrize("light", [_in_the_dark, _in_haze])
def test_lids_and_lips_move_as_far_as_by_day(drivers: list[Pixels], light: Light) -> None:
    follower, clock = LevelFollower(), iter(np.arange(len(drivers)) / 3)
    day, dim = _openings(drivers, lambda pixels: pixels), _openings(drivers, light)
    evened = _openings(drivers, lambda pixels: follower.evened(light(pixels), float(next(clock))))
    seen_dim, seen_evened = (found.std(axis=0) / day.std(axis=0) for found in (dim, evened))
    assert np.abs(seen_evened - 1).mean() < 0.5 * np.abs(seen_dim - 1).mean()
    assert np.abs(seen_evened - 1).max() < 0.2


def test_a_face_in_the_dark_is_found_where_it_is_by_day() -> None:
    small = np.asarray(cv2.resize(read_portrait(DEFAULT_SOURCE), (240, 240), interpolation=cv2.INTER_AREA), np.uint8)
    detector = FaceDetector()
    (by_day,) = detector.detect(small)
    (found,) = detector.detect((0.06 * small).astype(np.uint8))
    assert found.left_px == pytest.approx(by_day.left_px, abs=8)
    assert found.width_px == pytest.approx(by_day.width_px, rel=0.15)
