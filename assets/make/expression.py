"""A new expression on the still, seen from the front: a smooth warp of the face that parts along the lips.

Two thin-plate fields, one above and one below the mouth, agree away from it; each pixel asks the one on its side.
"""

from dataclasses import dataclass

import cv2
import landmarks as at
import numpy as np
from still import CANVAS_PX, Still
from thin_plate import thin_plate
from track import Pose

GRID_STEP_PX = 8
JAW_DROP = 0.155  # of the face's height, fully open


@dataclass(frozen=True, slots=True)
class Mouth:
    """The opening between the lips: for each canvas column, where the upper lip ends and the lower one begins."""

    left: float
    right: float
    upper: np.ndarray
    lower: np.ndarray


def warp_expression(still: Still, pose: Pose) -> tuple[np.ndarray, Mouth]:
    """Return the person with mouth and brows moved, and the opening of the mouth, not yet painted."""
    mesh = still.vertices[:, :2]
    line = _mouth_line(mesh)
    moves = _moves(mesh, line, pose)
    above, below = _above_lips(mesh, line), _below_lips(mesh, line)
    upper_map = _field(mesh, moves, ~below)
    lower_map = _field(mesh, moves, ~above)
    mouth = _opening(mesh, moves, line)
    share = _lower_share(mouth)[..., None]
    sides = [
        cv2.remap(still.person, side, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        for side in (upper_map, lower_map)
    ]
    return sides[0] * (1 - share) + sides[1] * share, mouth


def _mouth_line(mesh: np.ndarray) -> np.ndarray:
    """Return the closed lips' line, (11, 2), from the left corner to the right."""
    return (mesh[at.UPPER_LIP_INNER] + mesh[at.LOWER_LIP_INNER]) / 2


def _height_over_line(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    return points[:, 1] - np.interp(points[:, 0], line[:, 0], line[:, 1])


def _near_mouth(mesh: np.ndarray, line: np.ndarray) -> np.ndarray:
    inside = (mesh[:, 0] > line[0, 0] + 2) & (mesh[:, 0] < line[-1, 0] - 2)
    return inside & (mesh[:, 1] > mesh[at.NOSE_BASE, 1])


def _above_lips(mesh: np.ndarray, line: np.ndarray) -> np.ndarray:
    above = _near_mouth(mesh, line) & (_height_over_line(mesh, line) <= 0)
    above[[*at.UPPER_LIP_INNER[1:-1], *at.UPPER_LIP_OUTER[1:-1]]] = True
    above[[*at.LOWER_LIP_INNER[1:-1], *at.LOWER_LIP_OUTER[1:-1]]] = False
    return above


def _below_lips(mesh: np.ndarray, line: np.ndarray) -> np.ndarray:
    below = _near_mouth(mesh, line) & ~_above_lips(mesh, line)
    below[[*at.LOWER_LIP_INNER[1:-1], *at.LOWER_LIP_OUTER[1:-1]]] = True
    return below


def _moves(mesh: np.ndarray, line: np.ndarray, pose: Pose) -> np.ndarray:
    """Return how far each vertex goes, (478, 2)."""
    return _jaw_moves(mesh, line, pose.jaw) + _lip_moves(mesh, line, pose) + _brow_moves(mesh, pose.brow)


def _jaw_moves(mesh: np.ndarray, line: np.ndarray, jaw: float) -> np.ndarray:
    top, chin = mesh[10, 1], mesh[at.CHIN, 1]
    centre, half = line[:, 0].mean(), (line[-1, 0] - line[0, 0]) / 2
    ramp = _smoothstep((mesh[:, 1] - (line[:, 1].mean() - 0.9 * half)) / (chin - line[:, 1].mean() + 0.7 * half))
    outward = np.clip(np.abs(mesh[:, 0] - centre) / half, 0, 1) ** 2
    weight = np.where(_below_lips(mesh, line), 1 - outward * (1 - ramp), ramp)
    weight = np.where(_above_lips(mesh, line), ramp * outward - 0.10 * (1 - outward), weight)
    drop = jaw * JAW_DROP * (chin - top)
    inward = -0.10 * jaw * (mesh[:, 0] - centre) * _bump(mesh, line.mean(axis=0), 1.2 * half)
    return np.stack([inward, weight * drop], axis=1)


def _lip_moves(mesh: np.ndarray, line: np.ndarray, pose: Pose) -> np.ndarray:
    centre, half = line.mean(axis=0), (line[-1, 0] - line[0, 0]) / 2
    around = _bump(mesh, centre, 1.1 * half)
    pursed = max(pose.rounding, 0.0) * 0.34 + min(pose.rounding, 0.0) * 0.16
    thicker = max(pose.rounding, 0.0) * 0.25
    moves = np.stack(
        [
            -pursed * around * (mesh[:, 0] - centre[0]),
            thicker * _bump(mesh, centre, 0.6 * half) * (mesh[:, 1] - centre[1]),
        ],
        axis=1,
    )
    for corner, side in ((line[0], -1), (line[-1], 1)):
        pull = pose.smile * half * _bump(mesh, corner, 0.65 * half)
        moves += np.stack([side * 0.20 * pull, -0.22 * pull], axis=1)
    return moves


def _brow_moves(mesh: np.ndarray, brow: float) -> np.ndarray:
    lift = np.zeros(len(mesh))
    for arch in at.BROWS:
        for point in mesh[arch]:
            lift = np.maximum(lift, _bump(mesh, point - [0, 8], 36))
    face = mesh[at.CHIN, 1] - mesh[10, 1]
    return np.stack([np.zeros(len(mesh)), -0.045 * face * brow * lift], axis=1)


def _field(mesh: np.ndarray, moves: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return for each canvas pixel where its colour comes from, (h, w, 2) float32: a spline through the vertices.

    Pins outside the face hold everything that the face does not carry: hat, ears, collar, wall.
    """
    pins = _pins(mesh)
    targets = np.concatenate([mesh[used] + moves[used], pins])
    offsets = np.concatenate([-moves[used], np.zeros_like(pins)])
    columns = np.arange(0, CANVAS_PX + GRID_STEP_PX, GRID_STEP_PX, dtype=np.float64)
    grid = np.stack(np.meshgrid(columns, columns), axis=-1)
    coarse = np.zeros(grid.shape, np.float32)
    low, high = [(edge // GRID_STEP_PX).astype(int) for edge in (pins.min(axis=0), pins.max(axis=0))]
    window = (slice(max(low[1], 0), high[1] + 1), slice(max(low[0], 0), high[0] + 1))
    inside = grid[window].reshape(-1, 2)
    coarse[window] = thin_plate(targets, offsets, inside, smoothing=3e-4).reshape(*grid[window].shape)
    rows, cols = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32)
    offset = cv2.remap(coarse, cols / GRID_STEP_PX, rows / GRID_STEP_PX, cv2.INTER_LINEAR)
    return np.stack([cols, rows], axis=-1) + offset


def _pins(mesh: np.ndarray) -> np.ndarray:
    """Return two rings of points around the face that never move, (96, 2); they reach down to the collar."""
    low, high = mesh.min(axis=0), mesh.max(axis=0)
    centre, radii = (low + high) / 2, (high - low) / 2
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    reach = 1.10 + 0.45 * np.clip(circle[:, 1:], 0, 1) ** 8
    return np.concatenate([centre + circle * radii * reach, centre + circle * radii * (reach + 0.25)])


def _opening(mesh: np.ndarray, moves: np.ndarray, line: np.ndarray) -> Mouth:
    upper = line + moves[at.UPPER_LIP_INNER]
    lower = line + moves[at.LOWER_LIP_INNER]
    columns = np.arange(CANVAS_PX)
    return Mouth(
        float(upper[0, 0]),
        float(upper[-1, 0]),
        np.interp(columns, upper[:, 0], upper[:, 1]),
        np.interp(columns, lower[:, 0], lower[:, 1]),
    )


def _lower_share(mouth: Mouth) -> np.ndarray:
    """Return how much each pixel belongs to the lower side: a hard edge in the mouth, a soft one beside it."""
    rows, columns = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32)
    beyond = np.maximum(np.maximum(mouth.left - columns, columns - mouth.right), 0)
    middle = (mouth.upper + mouth.lower)[None, :] / 2
    return _smoothstep((rows - middle) / (3 + 1.2 * beyond) + 0.5).astype(np.float32)


def _bump(points: np.ndarray, centre: np.ndarray, sigma: float) -> np.ndarray:
    return np.exp(-((points - centre) ** 2).sum(axis=1) / (2 * sigma**2))


def _smoothstep(value: np.ndarray) -> np.ndarray:
    value = np.clip(value, 0, 1)
    return value * value * (3 - 2 * value)
