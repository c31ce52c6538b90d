"""Landmarks: aligned with the cache's frames, mirrored with the picture, refused by name where they do not fit."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.clip_files import disc_frames, write_stacked_png
from training.frame_cache import FrameCache, open_frame_cache
from training.landmarks import LandmarkError, LandmarkTrack, open_landmarks, parted, shapes_of, unusual_frames
from training.losses import gradient_l1_around, l1_around, landmark_distance, span_distance

FRAMES = 6


@pytest.fixture
def cache(tmp_path: Path) -> FrameCache:
    for name in ("a", "b"):
        write_stacked_png(tmp_path / "clips" / f"{name}.png", disc_frames(FRAMES, 16, seed=0))
    return open_frame_cache([tmp_path / "clips"], 16, 2, tmp_path / "cache")


def write_landmarks(folder: Path, name: str, frames: int, stride: int, first: float) -> None:
    """Landmark i of frame t lies at x = first + t / 100 + i / 10, y = 0.25."""
    folder.mkdir(exist_ok=True)
    x = first + np.arange(frames)[:, None] / 100 + np.arange(3) / 10
    np.savez(folder / f"{name}.npz", stride=stride, points=np.stack([x, np.full_like(x, 0.25)], axis=-1))


def test_landmarks_follow_clips_frames_and_mirroring(cache: FrameCache, tmp_path: Path) -> None:
    write_landmarks(tmp_path / "found", "a", FRAMES, stride=1, first=0.1)
    write_landmarks(tmp_path / "found", "b", FRAMES // 2, stride=2, first=0.5)
    track = open_landmarks(tmp_path / "found", cache, 2, ((0, 2), (2, 0)))
    assert track.points.shape == (6, 2, 2)
    np.testing.assert_allclose(track.points[1, 0], [2 * 0.12 - 1, -0.5], atol=1e-6)  # clip a, its third frame
    np.testing.assert_allclose(track.points[4, 1], [2 * 0.71 - 1, -0.5], atol=1e-6)  # clip b, its second entry
    np.testing.assert_allclose(track.mirrored[:, 0], track.points[:, 1] * [-1, 1])


@pytest.mark.parametrize(("frames", "stride", "message"), [(4, 2, "the clip has 3"), (2, 3, "every 3th frame")])
def test_landmarks_of_other_clips_are_refused(
    cache: FrameCache, tmp_path: Path, frames: int, stride: int, message: str
) -> None:
    write_landmarks(tmp_path / "found", "a", frames, stride, first=0.1)
    with pytest.raises(LandmarkError, match=message):
        open_landmarks(tmp_path / "found", cache, 2, ((0, 0),))


def test_missing_landmarks_name_the_command_that_finds_them(cache: FrameCache, tmp_path: Path) -> None:
    with pytest.raises(LandmarkError, match=r"a\.npz: missing; run `python -m training\.find_landmarks"):
        open_landmarks(tmp_path / "found", cache, 2, ((0, 0),))


def test_unknown_landmarks_pull_nothing() -> None:
    means = torch.zeros(1, 3, 2, requires_grad=True)
    landmarks = torch.tensor([[[0.5, 0.5], [float("nan"), float("nan")]]])
    distance = landmark_distance(means, landmarks)
    distance.backward()
    assert distance.item() == 0.5
    assert means.grad is not None and means.grad[0, 1:].abs().sum() == 0


def test_error_counts_around_known_points_only() -> None:
    result, target = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    target[:, :, :8] = 1.0  # wrong at the top
    top, middle = torch.tensor([[[0.0, -0.95]]]), torch.tensor([[[0.0, 0.0]]])
    assert l1_around(result, target, top).item() > 0.9
    assert l1_around(result, target, middle).item() < 1e-6
    assert l1_around(result, target, torch.full((1, 1, 2), float("nan"))).item() == 0


def test_stripes_near_the_points_cost_more_than_a_flat_error() -> None:
    target = torch.full((1, 3, 64, 64), 0.5)
    striped = target + torch.tensor([0.2, -0.2]).repeat(32)  # as far from the target at each pixel as the flat one
    flat, middle, nowhere = target + 0.2, torch.zeros(1, 1, 2), torch.full((1, 1, 2), float("nan"))
    assert l1_around(striped, target, middle).item() == pytest.approx(l1_around(flat, target, middle).item())
    assert gradient_l1_around(flat, target, middle).item() < 1e-6
    assert gradient_l1_around(striped, target, middle).item() == pytest.approx(0.4, rel=1e-4)
    assert gradient_l1_around(striped.mT, target, middle).item() == pytest.approx(0.4, rel=1e-4)
    assert gradient_l1_around(striped, target, nowhere).item() == 0


def test_shapes_of_faces_do_not_tell_where_or_how_large_they_are() -> None:
    points = np.random.default_rng(0).normal(size=(1, 5, 2)).astype(np.float32)
    turned = points * np.array([0.6, 1.0], np.float32)
    same, moved, other = shapes_of(np.concatenate([points, 1.7 * points + 0.3, turned]))
    np.testing.assert_allclose(same, moved, atol=1e-5)
    assert np.linalg.norm(same - other) > 0.1


def test_the_most_unusual_frames_of_a_clip_are_those_whose_span_departs_most() -> None:
    points = np.zeros((20, 3, 2), np.float32)
    points[:, 1, 1] = 0.1  # what lies between the first two: a lid open ...
    points[4, 1, 1], points[5, 1, 1] = 0.0, 0.05  # ... closed, and half closed
    points[10:, 1, 1] = 0.3
    points[12, 0] = np.nan
    track = LandmarkTrack(points, points)
    unusual = unusual_frames(track, (0, 10, 20), ((0, 1), (0, 2)))
    assert unusual[4] == 1.0 and 0.3 < unusual[5] < 0.8
    assert unusual[[0, 1, 2, 3, 6, 7, 8, 9]].max() == 0 and unusual[10:].max() == 0


def test_spans_pull_what_lies_between_not_where_it_is() -> None:
    landmarks = torch.tensor([[[0.0, 0.0], [0.0, 0.1]]])
    spans = torch.tensor([[0, 1]])
    assert span_distance(landmarks + 0.3, landmarks, spans).item() < 1e-6
    closed = torch.tensor([[[0.0, 0.05], [0.0, 0.05]]])
    assert span_distance(closed, landmarks, spans).item() == pytest.approx(0.05)


def test_lips_are_parted_by_the_widest_gap_over_the_faces_size() -> None:
    points = np.zeros((200, 6, 2), np.float32)
    points[:, 4:] = [[-1, 0], [1, 0]]  # a face of spread 1
    points[:, 1, 1] = np.linspace(0, 0.5, 200)  # one gap opens, the other stays at 0.1
    points[:, 3, 1] = 0.1
    points[100:] *= 2  # a face twice as large
    points[7] = np.nan
    apart = parted(points, np.array([[0, 1], [2, 3]]), [4, 5])
    assert np.isnan(apart[7]) and np.nanmax(apart) == 1
    widest = np.percentile(np.delete(np.linspace(0, 0.5, 200), 7), 99)
    np.testing.assert_allclose(apart[[0, 60, 150]], np.array([0.1, 60 / 398, 150 / 398]) / widest, rtol=1e-3)
