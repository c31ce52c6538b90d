"""Stills of other people as portraits for training: each is one picture, so nothing but a driver's motion moves it."""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from training.augmentation import draw_colours, draw_flips, flip
from training.clips import ClipError, Pixels
from training.face_alignment import LANDMARKS as FACE_LANDMARKS
from training.landmarks import LandmarkError
from training.strangers import Strangers
from training.validation import to_tensor


@dataclass(frozen=True, slots=True)
class Stills:
    """Pictures [n, s, s, 3] uint8 RGB and their faces' landmarks [n, 5, 2] in [-1, 1], also of the mirror images."""

    pictures: Pixels
    landmarks: NDArray[np.float32]
    mirrored: NDArray[np.float32]

    def draw(self, count: int, colour_jitter: float, generator: torch.Generator, device: torch.device) -> Strangers:
        """`count` of them, some mirrored, with colours of their own."""
        rows = torch.randint(len(self.pictures), (count,), generator=generator).numpy()
        images = to_tensor(self.pictures[rows], device)
        turned = draw_flips(images, generator)
        images = draw_colours(images, colour_jitter, generator).apply(flip(images, turned))
        plain, flipped = (torch.from_numpy(points[rows]).to(device) for points in (self.landmarks, self.mirrored))
        return Strangers(images, torch.where(turned[:, None, None], flipped, plain))


def open_stills(folder: Path, size: int, landmarks: Path | None = None, leave_out: Path | None = None) -> Stills:
    """The folder's pictures but those that the CSV `leave_out` names; their faces are unknown (NaN).

    With `landmarks`, a file of `python -m training.find_landmarks --stills`, those whose faces it knows.
    """
    if landmarks is None:
        paths = find_stills(folder, leave_out)
        unknown = np.full((len(paths), len(FACE_LANDMARKS), 2), np.nan, np.float32)
        return Stills(np.stack([read_still(path, size) for path in paths]), unknown, unknown)
    if not landmarks.is_file():
        command = f"python -m training.find_landmarks --stills {folder} {landmarks}"
        raise LandmarkError(f"{landmarks}: missing; run `{command}`")
    with np.load(landmarks, allow_pickle=False) as file:
        names, points = file["names"], file["points"]
    pictures = [read_still(folder / str(name), size) for name in names]
    known, opposite = (
        2 * points[:, list(numbers)].astype(np.float32) - 1 for numbers in zip(*FACE_LANDMARKS, strict=True)
    )
    return Stills(np.stack(pictures), known, opposite * np.array([-1, 1], np.float32))


def find_stills(folder: Path, leave_out: Path | None) -> list[Path]:
    """The folder's JPEG pictures, but for those in the column `still` of the CSV `leave_out`; ClipError without any."""
    named: set[str] = set()
    if leave_out is not None:
        with leave_out.open(newline="") as file:
            named = {row["still"] for row in csv.DictReader(file)}
    found = [path for path in sorted(folder.glob("*.jpg")) if path.stem not in named]
    if not found:
        raise ClipError(f"{folder}: no .jpg pictures in it; name a folder of stills")
    return found


def read_still(path: Path, size: int) -> Pixels:
    """The square picture at `size` [size, size, 3]; ClipError if it cannot be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ClipError(
            f"{path}: not a readable image; name the folder of stills that has it "
            "(--stills, or [stills] in a training configuration)"
        )
    resized = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(resized, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def write_still_landmarks(path: Path, names: list[str], points: NDArray[np.float32]) -> None:
    """Points [n, landmarks, 2] of the pictures `names`, as shares of width and height, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, names=np.array(names), points=points)
    partial.replace(path)
