"""Which keypoints are which part of a face: the bundle's manifest says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.intp] | slice
Pairs: TypeAlias = NDArray[np.intp]
Depths: TypeAlias = NDArray[np.float32]
# Mouth and eyes are parts of the face; beside it are the outline of the hair and the shoulders.
# By these names a checkpoint's notes and a manifest tell of keypoints, in the order in which Parts.named takes them.
TOLD = ("parts", "openings", "depths", "mirrors", "hair_depths")
PartName: TypeAlias = Literal["face", "mouth", "eyes", "hair"]


def _all() -> Rows:
    return slice(None)


def _none() -> Rows:
    return slice(0, 0)


def _no_pairs() -> Pairs:
    return np.empty((0, 2), np.intp)


def _no_depths() -> Depths:
    return np.empty(0, np.float32)


def _no_hair_depths() -> Depths:
    return np.empty((0, 2), np.float32)


def _none_rigid() -> NDArray[np.bool_]:
    return np.empty(0, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Rows of keypoints. A bundle that names none has keypoints of the face alone, or of no face at all.

    head: those of the face that speech does not move. hair: its outline, beside the face. openings: [n, 2], keypoints
    at opposite sides of what opens and closes: a mouth's lips, an eye's lids. lips: those of the mouth. lids: those of
    the eyes. depths: [face], how far each keypoint of the face lies towards the viewer, in spreads of the face; empty
    where the bundle does not tell. rigid: [face], which are the head's: speech moves the others as a nod would.
    mirrors: [n, 2], keypoints of the face that are each other's mirror image. hair_depths: [hair, 2], how deep what is
    seen of the outline lies for a head that turns to the side, and for one that nods, in spreads of the face towards
    the viewer; zeros where the bundle does not tell.
    """

    face: Rows = field(default_factory=_all)
    mouth: Rows = field(default_factory=_none)
    eyes: Rows = field(default_factory=_none)
    hair: Rows = field(default_factory=_none)
    head: Rows = field(default_factory=_all)
    openings: Pairs = field(default_factory=_no_pairs)
    lips: Pairs = field(default_factory=_no_pairs)
    lids: Pairs = field(default_factory=_no_pairs)
    depths: Depths = field(default_factory=_no_depths)
    rigid: NDArray[np.bool_] = field(default_factory=_none_rigid)
    mirrors: Pairs = field(default_factory=_no_pairs)
    hair_depths: Depths = field(default_factory=_no_hair_depths)

    @classmethod
    def named(
        cls,
        rows: Mapping[PartName, tuple[int, ...]],
        openings: Sequence[tuple[int, int]] = (),
        depths: Sequence[float] = (),
        mirrors: Sequence[tuple[int, int]] = (),
        hair_depths: Sequence[tuple[float, float]] = (),
    ) -> "Parts":
        """The parts that a manifest names."""
        parts: dict[str, Rows] = {name: np.array(places, np.intp) for name, places in rows.items()}
        face, mouth = (rows.get(part, ()) for part in ("face", "mouth"))
        steady = np.array([place for place in face if place not in mouth], np.intp)
        if face:
            parts["head"] = steady
        lips, lids = ([pair for pair in openings if set(pair) <= set(rows.get(part, ()))] for part in ("mouth", "eyes"))
        opposite, of_mouth, of_eyes, mirrored = (
            np.array(ends, np.intp).reshape(-1, 2) for ends in (openings, lips, lids, mirrors)
        )
        towards_viewer = np.array(depths, np.float32)
        rigid = np.isin(face[: len(depths)], steady)
        return cls(
            **parts,
            openings=opposite,
            lips=of_mouth,
            lids=of_eyes,
            depths=towards_viewer,
            rigid=rigid,
            mirrors=mirrored,
            hair_depths=np.array(hair_depths or [(0, 0)] * len(rows.get("hair", ())), np.float32).reshape(-1, 2),
        )

    def tells(self, part: PartName) -> bool:
        """Whether the bundle names the part's keypoints."""
        return isinstance(getattr(self, part), np.ndarray)


def odd_depths(
    rows: Mapping[PartName, Sequence[int]], depths: Sequence[float], hair_depths: Sequence[Sequence[float]]
) -> str | None:
    """What is wrong where depths are told of a part, but not one for each of its keypoints; None where nothing is."""
    told: tuple[tuple[str, int, PartName], ...] = (
        ("depths", len(depths), "face"),
        ("hair_depths", len(hair_depths), "hair"),
    )
    for name, number, part in told:
        count = len(rows.get(part, ()))
        if number not in (0, count):
            return f"{name}: {number} for {count} keypoints of the {part}"
    return None


EVERYTHING = Parts()
