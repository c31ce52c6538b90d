"""Pictures and their masks, as one file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.clips import ClipError, Pixels

SIZE = 256


@dataclass(frozen=True, slots=True)
class MaskedPictures:
    """Pictures [n, s, s, 3] RGB and masks [n, s, s], 255 where a person is."""

    pictures: Pixels
    masks: Pixels


def write_masked_pictures(path: Path, pictures: Pixels, masks: "np.ndarray") -> None:
    """One file, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, pictures=pictures, masks=masks.astype(np.uint8))
    partial.replace(path)


def read_masked_pictures(path: Path) -> MaskedPictures:
    """The file's pictures; ClipError without them."""
    if not path.is_file():
        raise ClipError(f"{path}: missing; python -m training.person_mask.find_masks --help says how to make it")
    with np.load(path, allow_pickle=False) as file:
        return MaskedPictures(file["pictures"], file["masks"])
