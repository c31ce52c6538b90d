"""The picture that is brought to life: its pixels on the canvas, its face mesh, the person cut out, the wall behind."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

CANVAS_PX = 1024
CROP_PX = (46, 0, 432)  # left, top, side: the part of the still that the clip shows
ROPE_X_PX = 145  # the flag's rope, in the still
FLAG_END_X_PX = 236
WISPS_PX = (358, 160, 395, 300)  # loose hair beside the ear, which would stay on the wall


@dataclass(frozen=True, slots=True)
class Still:
    """A portrait on a square canvas of CANVAS_PX.

    `person` is float32 HWC BGR in [0, 255], painted on beyond the outline so that no edge of the wall comes along;
    `matte` is 1 on the person; `wall` is the background without the person; `vertices` are the 478 points of the face
    mesh as x, y, z in canvas pixels, z growing away from the viewer; `scale` is canvas pixels per pixel of the still.
    """

    person: np.ndarray
    matte: np.ndarray
    wall: np.ndarray
    vertices: np.ndarray
    scale: float


def read_still(picture: Path, mesh: Path) -> Still:
    """Return the still made from a picture and the mesh and cut-out stored for it."""
    pixels = cv2.imread(str(picture))
    if pixels is None:
        raise FileNotFoundError(f"{picture}: no readable picture; it belongs beside this script, in assets/portraits")
    stored = np.load(mesh)
    cut_out = np.unpackbits(stored["person"], axis=1)[:, : pixels.shape[1]]
    scale = CANVAS_PX / CROP_PX[2]
    vertices = (stored["vertices_px"] - [CROP_PX[0], CROP_PX[1], 0]) * scale
    return Still(
        person=_enlarge(_spread(pixels, cut_out)),
        matte=np.clip(cv2.GaussianBlur(_enlarge(cut_out.astype(np.float32)), (0, 0), 2.5) * 1.8 - 0.7, 0, 1),
        wall=_enlarge(_wall_without(pixels, cut_out)),
        vertices=vertices,
        scale=scale,
    )


def _enlarge(pixels: np.ndarray) -> np.ndarray:
    """Return the shown part of the still at canvas size, float32."""
    left, top, side = CROP_PX
    shown = pixels[top : top + side, left : left + side].astype(np.float32)
    return cv2.resize(shown, (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_CUBIC).clip(0, 255)


def _spread(pixels: np.ndarray, cut_out: np.ndarray) -> np.ndarray:
    """Return the picture with the person's own colours continued outwards, over the wall."""
    solid = cv2.erode(cut_out, np.ones((3, 3), np.uint8)).astype(np.float32)[..., None]
    result = pixels.astype(np.float32)
    filled = np.zeros_like(result)
    for sigma in (40, 16, 6, 2):
        colour = cv2.GaussianBlur(result * solid, (0, 0), sigma)
        weight = cv2.GaussianBlur(solid[..., 0], (0, 0), sigma)[..., None]
        trust = np.clip(weight * 4, 0, 1)
        filled = filled * (1 - trust) + trust * colour / np.maximum(weight, 1e-6)
    return result * solid + filled * (1 - solid)


def _wall_without(pixels: np.ndarray, cut_out: np.ndarray) -> np.ndarray:
    """Return the picture with the person painted over: the flag mirrored at its rope, the blue wall continued."""
    hidden = cv2.dilate(cut_out, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13)))
    hidden[WISPS_PX[1] : WISPS_PX[3], WISPS_PX[0] : WISPS_PX[2]] = 1
    blue = cv2.GaussianBlur(cv2.inpaint(pixels, hidden, 9, cv2.INPAINT_TELEA), (0, 0), 4).astype(np.float32)
    columns = np.arange(pixels.shape[1])
    flag = pixels[:, np.where(columns > ROPE_X_PX, np.clip(2 * ROPE_X_PX - columns, 0, None), columns)]
    to_blue = np.clip((columns - FLAG_END_X_PX) / 12.0, 0, 1)[None, :, None]
    behind = cv2.GaussianBlur(flag, (0, 0), 0.8) * (1 - to_blue) + blue * to_blue
    grain = np.random.default_rng(1).normal(0, 4, pixels.shape[:2])[..., None] * to_blue
    blend = cv2.GaussianBlur(hidden.astype(np.float32), (0, 0), 2)[..., None]
    return pixels * (1 - blend) + (behind + grain) * blend
