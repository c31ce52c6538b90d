"""The head turned in space: each pixel has a depth, is rotated about the neck and seen again in weak perspective."""

from dataclasses import dataclass

import cv2
import landmarks as at
import numpy as np
from still import CANVAS_PX, Still
from thin_plate import thin_plate
from track import Pose

GRID_PX = 256
STEP_PX = CANVAS_PX / GRID_PX
VIEW_DISTANCE_PX = 3200.0
# Depth at points around the face. Both in units of its half width, the points measured from between the ears.
AROUND = [
    ((-1.25, 0.0), 1.00),
    ((1.25, 0.0), 1.00),
    ((-1.15, 0.7), 1.05),
    ((1.15, 0.7), 1.05),
    ((-1.3, -0.7), 0.75),
    ((1.3, -0.7), 0.75),
    ((-1.2, -1.2), 0.65),
    ((1.2, -1.2), 0.65),
    ((0.0, -1.25), 0.05),
    ((-0.6, -1.2), 0.22),
    ((0.6, -1.2), 0.22),
    ((0.0, -1.7), 0.12),
    ((-0.8, -1.7), 0.5),
    ((0.8, -1.7), 0.5),
    ((0.0, -2.1), 0.35),
    ((-0.5, 1.7), 0.95),
    ((0.5, 1.7), 0.95),
    ((0.0, 1.8), 0.75),
    ((-1.5, 1.6), 1.0),
    ((1.5, 1.6), 1.0),
    ((-2.5, 0.0), 1.1),
    ((2.5, 0.0), 1.1),
    ((0.0, -3.0), 0.8),
    ((0.0, 3.5), 0.9),
]


@dataclass(frozen=True, slots=True)
class Head:
    """What a turn needs to know, on a grid of GRID_PX: depth in canvas pixels, 1 where the head carries the pixel."""

    depth: np.ndarray
    carried: np.ndarray
    pivot: np.ndarray


def measure_head(still: Still) -> Head:
    """Return depth, reach and pivot of the head in a still."""
    ears = still.vertices[at.EARS]
    centre, unit = ears.mean(axis=0), (ears[1, 0] - ears[0, 0]) / 2
    chin = still.vertices[at.CHIN]
    pivot = np.array([centre[0], chin[1] + 0.25 * unit, 1.00 * unit])
    return Head(_depth(still, centre, unit), _carried(still, chin, centre, unit), pivot)


def turn(person: np.ndarray, still: Still, head: Head, pose: Pose) -> np.ndarray:
    """Return the frame, float32 HWC BGR of canvas size: the person with the head turned, before the wall."""
    source = _inverse(_displacement(head, still, pose))
    dense = cv2.resize(source, (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32)
    sampling = np.stack([columns, rows], axis=-1) + dense
    moved = cv2.remap(person.astype(np.float32), sampling, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    matte = cv2.remap(still.matte, sampling, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[..., None]
    return moved * matte + still.wall * (1 - matte)


def _grid() -> np.ndarray:
    axis = (np.arange(GRID_PX) + 0.5) * STEP_PX - 0.5
    return np.stack(np.meshgrid(axis, axis), axis=-1)


def _depth(still: Still, centre: np.ndarray, unit: float) -> np.ndarray:
    """Return a smooth depth for every pixel: the mesh within the face, an egg with a hat around it."""
    around = np.array([[centre[0] + x * unit, centre[1] + y * unit, z * unit] for (x, y), z in AROUND])
    points = np.concatenate([still.vertices, around])
    coarse = _grid()[::4, ::4]
    depth = thin_plate(points[:, :2], points[:, 2:], coarse.reshape(-1, 2), smoothing=2e-3).reshape(coarse.shape[:2])
    return cv2.GaussianBlur(cv2.resize(depth, (GRID_PX, GRID_PX), interpolation=cv2.INTER_CUBIC), (0, 0), 3.0)


def _carried(still: Still, chin: np.ndarray, centre: np.ndarray, unit: float) -> np.ndarray:
    """Return 1 on head, hair and hat, falling along the neck to 0 at the collar and the shoulders."""
    x, y = np.moveaxis(_grid(), -1, 0)
    fall_from = chin[1] - 0.15 * unit - 0.45 * unit * np.clip(np.abs(x - centre[0]) / unit, 0, 1.4) ** 2
    along = np.clip((y - fall_from) / (0.95 * unit), 0, 1)
    return cv2.GaussianBlur(1 - along * along * (3 - 2 * along), (0, 0), 4.0)


def _rotation(pose: Pose) -> np.ndarray:
    yaw, pitch, roll = np.radians([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def _displacement(head: Head, still: Still, pose: Pose) -> np.ndarray:
    """Return how far each grid point of the still goes, (GRID_PX, GRID_PX, 2) canvas pixels."""
    places = np.concatenate([_grid(), head.depth[..., None]], axis=-1)
    turned = (places - head.pivot) @ _rotation(pose).T
    before, after = places[..., 2] - head.pivot[2], turned[..., 2]
    nearer = (VIEW_DISTANCE_PX + before) / (VIEW_DISTANCE_PX + after)
    seen = turned[..., :2] * nearer[..., None] + head.pivot[:2] + np.array(pose.sway_px) * still.scale
    return (seen - _grid()) * head.carried[..., None]


def _inverse(displacement: np.ndarray) -> np.ndarray:
    """Return the backward offsets of a forward field, by fixed-point steps: where a pixel came from, less itself."""
    field = displacement.astype(np.float32)
    rows, columns = np.mgrid[0:GRID_PX, 0:GRID_PX].astype(np.float32)
    offset = -field
    for _ in range(25):
        sampled = cv2.remap(
            field,
            columns + offset[..., 0] / STEP_PX,
            rows + offset[..., 1] / STEP_PX,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        offset = 0.4 * offset - 0.6 * sampled
    return offset
