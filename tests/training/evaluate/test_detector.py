"""Keypoints against landmarks: distance in pixels, and how spans follow."""

from pathlib import Path

import numpy as np
import pytest

from training.evaluate.detector import compare, main
from training.landmarks import LandmarkError
from training.sections import LandmarkSettings

GUIDE = LandmarkSettings(folder=Path("unused"), points=((2, 2), (0, 0)), spans=((0, 1),))


def opening_and_closing(frames: int = 40) -> np.ndarray:
    """Landmarks [t, 3, 2]: the last one moves up and down above the first, the middle one is never used."""
    landmarks = np.zeros((frames, 3, 2), np.float32)
    landmarks[:, 1] = 9
    landmarks[:, 2, 1] = -0.3 + 0.1 * np.sin(np.arange(frames))
    return landmarks


def test_keypoints_on_their_landmarks_follow_wholly() -> None:
    landmarks = opening_and_closing()
    figures = compare([(landmarks[:, [2, 0]], landmarks)], GUIDE)
    assert figures.distance_px == figures.shift_px == 0
    assert (figures.spans[0].gain, figures.spans[0].correlation) == pytest.approx((1, 1))


def test_half_a_movement_is_half_the_gain_and_distances_are_pixels() -> None:
    landmarks = opening_and_closing()
    found = landmarks[:, [2, 0]].copy()
    found[:, 0, 1] = -0.3 + (found[:, 0, 1] + 0.3) / 2
    found[:, :, 0] += 0.1  # both are 12.8 pixels too far right, which changes no span
    figures = compare([(found, landmarks)], GUIDE)
    assert (figures.spans[0].gain, figures.spans[0].correlation) == pytest.approx((0.5, 1))
    assert figures.distance_px == pytest.approx(12.8, rel=0.05)
    half_of_one_points_way_px = 0.05 * np.abs(np.sin(np.arange(40))).mean() * 128
    assert figures.shift_px == pytest.approx(half_of_one_points_way_px / 2, rel=1e-3), "no matter how far right"


def test_frames_and_clips_without_a_face_do_not_count() -> None:
    landmarks = opening_and_closing()
    found = landmarks[:, [2, 0]].copy()
    gaps = landmarks.copy()
    gaps[::4] = np.nan
    figures = compare([(found, gaps), (found, np.full_like(gaps, np.nan))], GUIDE)
    assert figures.distance_px == figures.shift_px == 0
    with pytest.raises(LandmarkError, match="no clip shows a landmark"):
        compare([(found, np.full_like(gaps, np.nan))], GUIDE)


def test_a_configuration_without_landmarks_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "plain.toml"
    config.write_text(
        'preset = "live-xs"\n[data]\ntrain = ["a"]\nvalidation = ["b"]\n'
        "[[stages]]\nsize = 64\nbatch = 1\nsteps = 1\nlearning_rate = [1e-3, 1e-3]\n"
    )
    assert main([str(config), "no.safetensors"]) == 2
    assert "has no [landmarks] section" in capsys.readouterr().err
