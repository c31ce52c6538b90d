"""The One-Euro filter on real tracks: keypoints found in the clip that ships, through a noisy camera."""

from collections.abc import Iterable

import numpy as np
import pytest

from realtime.bundle import open_bundle
from realtime.devices.cameras import open_recorded_camera
from realtime.engines.base import Engine
from realtime.engines.catalogue import open_engine
from realtime.frames import Keypoints, Pixels, pixels_to_tensor
from realtime.framing import centre_crop, cut_out
from realtime.settings import DEFAULT_BUNDLE, DEFAULT_CLIP
from realtime.smoothing import KeypointSmoother

MOVING_FRAMES, STILL_FRAMES, RATE_HZ = 75, 40, 30
NOISE = 4.0  # grey levels


@pytest.fixture(scope="module")
def driver() -> list[Pixels]:
    """The clip's frames as the model sees them."""
    size_px = open_bundle(DEFAULT_BUNDLE).image_size
    with open_recorded_camera(f"file:{DEFAULT_CLIP}") as camera:
        frames = [frame for frame, _ in zip(camera.frames(), range(MOVING_FRAMES), strict=False)]
    return [cut_out(frame.pixels, centre_crop(*frame.pixels.shape[:2]), size_px) for frame in frames]


@pytest.fixture(scope="module")
def engine() -> Iterable[Engine]:
    with open_engine("onnx-cpu", open_bundle(DEFAULT_BUNDLE), 1) as engine:
        yield engine


def _noisy(pictures: Iterable[Pixels]) -> list[Pixels]:
    random = np.random.default_rng(0)
    return [np.clip(one + random.normal(0, NOISE, one.shape), 0, 255).astype(np.uint8) for one in pictures]


def _track(engine: Engine, pictures: Iterable[Pixels]) -> list[Keypoints]:
    found = [engine.run("detect_keypoints", engine.upload({"image": pixels_to_tensor(one)})) for one in pictures]
    return [Keypoints(*(engine.download(one[name])[0].copy() for name in ("mean", "covariance"))) for one in found]


def _smoothed(track: list[Keypoints]) -> list[Keypoints]:
    smoother = KeypointSmoother(open_bundle(DEFAULT_BUNDLE).parts)
    return [smoother.smooth(keypoints, index / RATE_HZ) for index, keypoints in enumerate(track)]


def _means(track: list[Keypoints]) -> np.ndarray:
    return np.stack([keypoints.mean for keypoints in track])


def test_the_jitter_of_a_still_driver_is_cut_by_half(engine: Engine, driver: list[Pixels]) -> None:
    track = _track(engine, _noisy([driver[0]] * STILL_FRAMES))
    before, after = (np.diff(_means(one), axis=0).std() for one in (track, _smoothed(track)))
    print(f"jitter left: {after / before:.2f}")
    assert after < 0.5 * before


def test_a_moving_driver_is_followed_with_at_most_a_frame_of_lag(engine: Engine, driver: list[Pixels]) -> None:
    clean, smoothed = _means(_track(engine, driver)), _means(_smoothed(_track(engine, _noisy(driver))))
    assert np.ptp(clean, axis=0).max() > 0.1, "the driver must move"
    at = np.arange(MOVING_FRAMES, dtype=float)
    inner = slice(5, -5)

    def misfit(lag_frames: float) -> float:
        columns = clean.reshape(MOVING_FRAMES, -1).T
        moved = np.stack([np.interp(at - lag_frames, at, column) for column in columns], axis=1)
        return float(((moved - smoothed.reshape(MOVING_FRAMES, -1))[inner] ** 2).mean())

    lag = float(min(np.arange(0.0, 3.0, 0.1), key=misfit))
    print(f"lag: {lag:.1f} frames")
    assert lag <= 1.0
