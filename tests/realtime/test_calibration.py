"""Which pose is neutral: taken, found in a quiet moment without blinks, drifting, nearest to the portrait."""

from pathlib import Path

import numpy as np
import pytest

from realtime.calibration import DRIFT_S, Calibration, pose_distance, resting_pose
from realtime.errors import SourceError
from realtime.gain import Gains
from realtime.portraits.pose_file import PoseStore, read_pose
from tests.realtime.keypoint_tracks import FACE, RATE_HZ, UPPER_LIDS, face

NOISE = 0.004


def _follow(calibration: Calibration, poses: list, first_s: float = 0.0) -> np.ndarray:
    """The neutral means [n, k, 2] along a track at 30 Hz."""
    return np.stack([calibration.neutral_for(pose, first_s + index / RATE_HZ).mean for index, pose in enumerate(poses)])


def _error(neutral: np.ndarray, truth: np.ndarray = FACE) -> float:
    return float(np.abs(neutral - truth).max())


def test_the_first_pose_is_neutral_and_stays() -> None:
    neutrals = _follow(Calibration(), [face(shift=(0.1, 0)), *[face()] * 60])
    assert (neutrals == neutrals[0]).all()
    assert _error(neutrals[-1], FACE + (0.1, 0)) < 1e-6


def test_automatic_calibration_forgets_a_first_pose_that_was_none() -> None:
    startled = [face(shift=(0.08, 0.05), lids=0.08, noise=NOISE, seed=0)]
    still = [face(noise=NOISE, seed=seed) for seed in range(1, 120)]
    neutrals = _follow(Calibration(automatic=True), [*startled, *still])
    assert _error(neutrals[0]) > 0.05
    assert _error(neutrals[-1]) < 0.01


def test_blinks_and_outliers_are_left_out() -> None:
    track = [face(noise=NOISE, seed=seed) for seed in range(30)]
    for blink in (5, 6, 7, 20, 21):
        track[blink] = face(lids=0.08, noise=NOISE, seed=blink)
    track[12] = face(shift=(0.5, 0.5))
    rest = resting_pose(track)
    assert rest is not None
    assert np.abs(rest.mean - FACE)[UPPER_LIDS].max() < 0.004
    plain = np.stack([pose.mean for pose in track]).mean(axis=0)
    assert np.abs(plain - FACE)[UPPER_LIDS].max() > 0.008


def test_a_driver_who_moves_does_not_rest() -> None:
    turning = [face(shift=(0.2 * np.sin(index / 5), 0)) for index in range(30)]
    assert resting_pose(turning) is None
    neutrals = _follow(Calibration(automatic=True), turning * 3)
    assert (neutrals == neutrals[0]).all()


def test_neutral_eases_to_the_resting_pose_without_a_jump() -> None:
    neutrals = _follow(Calibration(automatic=True), [face(shift=(0.1, 0)), *[face()] * 90])
    assert np.abs(np.diff(neutrals, axis=0)).max() < 0.02


def test_slow_drift_of_the_head_is_followed() -> None:
    calibration = Calibration(automatic=True)
    _follow(calibration, [face()] * 60)
    slumped = [face(shift=(0.0, 0.06))] * round(3 * DRIFT_S * RATE_HZ)
    neutrals = _follow(calibration, slumped, first_s=2.0)
    assert np.abs(neutrals[RATE_HZ] - FACE).max() < 0.01
    assert _error(neutrals[-1], FACE + (0.0, 0.06)) < 0.006


def test_a_talking_mouth_and_a_turned_head_are_no_drift() -> None:
    calibration = Calibration(automatic=True)
    _follow(calibration, [face()] * 60)
    neutrals = _follow(calibration, [face(jaw=0.1)] * 900, first_s=2.0)
    mouth_open = neutrals[-1][9, 1] - neutrals[-1][8, 1]
    assert mouth_open == pytest.approx(FACE[9, 1] - FACE[8, 1], abs=0.01)
    away = _follow(calibration, [face(shift=(0.4, 0.0))] * 900, first_s=32.0)
    assert np.abs(away[-1] - away[0]).max() < 1e-6


def test_the_best_frame_is_the_one_most_like_the_portrait() -> None:
    calibration, portrait = Calibration(), face(jaw=0.05)
    seen = [calibration.consider(face(jaw=jaw, shift=(jaw, 0), scale=0.8), portrait) for jaw in (0.2, 0.1, 0.05, 0.3)]
    assert [distance is not None for distance in seen] == [True, True, True, False]
    assert seen[2] == pytest.approx(0, abs=1e-3)
    assert calibration.neutral is not None
    np.testing.assert_allclose(calibration.neutral.mean, face(jaw=0.05, shift=(0.05, 0), scale=0.8).mean, atol=1e-6)


def test_pose_distance_knows_neither_place_nor_size() -> None:
    assert pose_distance(face(shift=(0.3, -0.2), scale=1.7).mean, FACE) == pytest.approx(0, abs=1e-6)
    assert pose_distance(face(jaw=0.2).mean, FACE) > 0.05


def test_a_pose_is_saved_for_camera_and_portrait_and_read_back(tmp_path: Path) -> None:
    store = PoseStore(tmp_path / "poses", "webcam:/dev/video0", "abc123")
    pose, gains = face(jaw=0.1, noise=0.01), Gains(mouth=1.4)
    path = store.save("juno", pose, gains)
    saved = store.saved("juno")
    assert saved is not None
    np.testing.assert_array_equal(saved.keypoints.mean, pose.mean)
    np.testing.assert_array_equal(saved.keypoints.covariance, pose.covariance)
    assert saved.gains == gains
    assert store.saved("other") is None
    assert PoseStore(tmp_path / "poses", "webcam:1", "abc123").saved("juno") is None
    assert path.parent == tmp_path / "poses"


def test_another_networks_pose_is_refused(tmp_path: Path) -> None:
    path = PoseStore(tmp_path, "c", "abc123").save("juno", face(), Gains())
    with pytest.raises(SourceError, match="saved with another bundle"):
        read_pose(path, "fedcba")


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"detector": "abc123", "mean": "x", "covariance": []}'])
def test_a_file_that_is_no_pose_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pose.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"pose\.json: not a saved pose"):
        read_pose(path, "abc123")
