"""Stills as portraits: found, read, drawn with their landmarks, mirrored together."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training.clips import ClipError
from training.face_alignment import LANDMARKS, known_faces
from training.landmarks import LandmarkError
from training.stills import find_stills, open_stills, read_still, write_still_landmarks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three stills with a white square at the left eye's outer corner, and their landmarks."""
    points = np.full((3, 478, 2), 0.5, np.float32)
    left, right = LANDMARKS[2][0], LANDMARKS[0][0]
    for index, name in enumerate("abc"):
        picture = np.zeros((64, 64, 3), np.uint8)
        x = 8 + 4 * index
        picture[30:34, x - 2 : x + 2] = 255
        cv2.imwrite(str(tmp_path / f"{name}.jpg"), picture)
        points[index, left], points[index, right] = (x / 64, 0.5), (0.75, 0.5)
    write_still_landmarks(tmp_path / "stills.npz", ["a.jpg", "b.jpg", "c.jpg"], points)
    return tmp_path


def test_the_landmarks_move_with_mirrored_pictures(folder: Path) -> None:
    stills = open_stills(folder, 32, folder / "stills.npz")
    strangers = stills.draw(40, 0.0, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert strangers.face_landmarks is not None
    brightest = strangers.images.mean(dim=(1, 2)).argmax(dim=1)  # column of the square
    # The mirrored picture's left eye is the original's right one.
    mirrored = brightest > 16
    assert 5 < mirrored.sum() < 35
    plain, flipped = strangers.face_landmarks[:, 2, 0], strangers.face_landmarks[:, 0, 0]
    found = (2 * brightest + 1) / 32 - 1
    assert (torch.where(mirrored, flipped, plain) - found).abs().max() < 2 / 32
    again = stills.draw(40, 0.0, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert torch.equal(again.images, strangers.images)


def test_pictures_to_leave_out_are_left_out(folder: Path) -> None:
    (folder / "shown.csv").write_text("still,clip\nb,x\n")
    assert [path.name for path in find_stills(folder, folder / "shown.csv")] == ["a.jpg", "c.jpg"]
    assert len(find_stills(folder, None)) == 3


def test_without_landmarks_the_faces_are_unknown(folder: Path) -> None:
    (folder / "shown.csv").write_text("still,clip\nb,x\n")
    stills = open_stills(folder, 32, leave_out=folder / "shown.csv")
    assert len(stills.pictures) == 2
    strangers = stills.draw(3, 0.0, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert strangers.images.shape == (3, 3, 32, 32)
    assert strangers.face_landmarks is not None and not known_faces(strangers.face_landmarks).any()


def test_what_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(LandmarkError, match=r"none\.npz: missing; run `python -m training\.find_landmarks --stills"):
        open_stills(folder, 32, folder / "none.npz")
    (folder / "empty").mkdir()
    with pytest.raises(ClipError, match="no .jpg pictures"):
        find_stills(folder / "empty", None)
    with pytest.raises(ClipError, match=r"nobody\.jpg: not a readable image"):
        read_still(folder / "nobody.jpg", 32)
    (folder / "b.jpg").unlink()
    with pytest.raises(ClipError, match=r"b\.jpg"):
        open_stills(folder, 32, folder / "stills.npz")
