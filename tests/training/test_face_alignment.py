"""Crops in which faces stand alike: maps found by landmarks, and what they take out of a picture."""

import math

import torch
from torch import Tensor

from training.face_alignment import aligned_faces, alignment, known_faces, known_or_in_place, mean_of_known

PLACES = ((0.7, 0.4), (0.6, 0.4), (0.3, 0.4), (0.4, 0.4), (0.5, 0.6))


def places(turn_degrees: float = 0.0, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    """PLACES in [-1, 1], turned about the middle, scaled and shifted, [1, 5, 2]."""
    angle = math.radians(turn_degrees)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return (scale * (2 * torch.tensor(PLACES) - 1) @ turn.T + shift)[None]


def test_a_face_in_place_is_aligned_by_leaving_it() -> None:
    maps = alignment(places(), PLACES)
    torch.testing.assert_close(maps, torch.eye(2, 3)[None], atol=1e-6, rtol=0)
    pictures = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(aligned_faces(pictures, maps, 16), pictures, atol=1e-5, rtol=0)


def test_alignment_follows_a_turned_smaller_and_shifted_face() -> None:
    (found,) = alignment(places(30, 0.5, 0.1), PLACES)
    along = 0.5 * torch.tensor([math.cos(math.pi / 6), 0.5])
    expected = torch.tensor([[along[0], -along[1], 0.1], [along[1], along[0], 0.1]])
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_a_face_with_an_unknown_landmark_is_unknown() -> None:
    landmarks = torch.cat([places(), places()])
    landmarks[1, 3, 0] = math.nan
    assert known_faces(landmarks).tolist() == [True, False]
    landmarks[0] += 0.1
    torch.testing.assert_close(known_or_in_place(landmarks, PLACES), torch.cat([places(shift=0.1), places()]))
    values = torch.tensor([2.0, 5.0])
    assert mean_of_known(values, known_faces(landmarks)) == 2
    assert mean_of_known(values, known_faces(landmarks.flip(0)[:1])) == 0
