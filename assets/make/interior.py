"""What an expression uncovers or covers: the inside of the mouth with its teeth, and the closed eyelids."""

import cv2
import landmarks as at
import numpy as np
from expression import Mouth
from still import CANVAS_PX, Still

DEEP = np.array([22.0, 16.0, 38.0])  # BGR: the throat
GUM = np.array([58.0, 46.0, 112.0])
TEETH = np.array([150.0, 184.0, 214.0])
TONGUE = np.array([78.0, 70.0, 140.0])
LASHES = np.array([28.0, 34.0, 48.0])


def paint_mouth(picture: np.ndarray, mouth: Mouth, lip_px: float) -> np.ndarray:
    """Return the picture with the opening filled: teeth hang from the upper lip, darkness behind, a tongue below."""
    rows, columns = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32)
    half = (mouth.right - mouth.left) / 2
    across = (columns - (mouth.left + mouth.right) / 2) / half
    under_lip, over_lip = rows - mouth.upper[None], mouth.lower[None] - rows
    gap = np.maximum(mouth.lower - mouth.upper, 0)[None]
    cover = np.clip(np.minimum(under_lip, over_lip) / 2 + 0.5, 0, 1) * np.clip(gap / 3 - 0.3, 0, 1) * (abs(across) < 1)
    depth = np.clip(under_lip / np.maximum(gap, 1), 0, 1)
    inside = DEEP + (GUM - DEEP) * (0.55 * np.clip(abs(across), 0, 1) ** 3)[..., None] * np.ones(3)
    inside = _blend(
        inside, TONGUE, 0.75 * _soft((depth - 0.62) * 4) * _soft(1.6 - 2 * abs(across)) * _soft(gap / 40 - 0.4)
    )
    length = np.minimum(lip_px, 0.40 * gap) * np.clip(1 - 0.5 * across**2, 0, 1)
    teeth = _soft((length - under_lip) / 4 + 0.5) * _soft((0.80 - abs(across)) * 6)
    shade = 1 - 0.30 * np.clip(abs(across), 0, 1) ** 2
    lines = 1 - 0.14 * np.exp(-(((across * 5.2 + 0.5) % 1 - 0.5) ** 2) / 0.006)
    inside = inside * (1 - teeth[..., None]) + TEETH * (teeth * shade * lines)[..., None]
    inside *= (0.55 + 0.45 * _soft(under_lip / 12))[..., None]
    return _blend(picture, cv2.GaussianBlur(inside, (0, 0), 1.5), cover)


def close_eyes(picture: np.ndarray, still: Still, closed: float) -> np.ndarray:
    """Return the picture with both upper lids lowered: 0 leaves it alone, 1 shuts the eyes."""
    if closed <= 0:
        return picture
    for upper, lower in at.LIDS:
        picture = _close_eye(picture, still, still.vertices[upper, :2], still.vertices[lower, :2], closed)
    return picture


def _close_eye(picture: np.ndarray, still: Still, upper: np.ndarray, lower: np.ndarray, closed: float) -> np.ndarray:
    """Return the picture with one lid lowered: skin from its fold down to its edge, lashes along the edge."""
    rows, columns = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32)
    left, right = upper[0, 0] - 14, upper[-1, 0] + 14
    across = (columns[0] - (left + right) / 2) / ((right - left) / 2)
    arch = np.clip(1 - across**2, 0, 1)
    fold = np.interp(columns[0], upper[:, 0], upper[:, 1]) - 16 * arch
    shut = np.interp(columns[0], lower[:, 0], lower[:, 1]) + 4 * arch
    edge = fold + 12 * arch + (shut - fold - 12 * arch) * closed
    down = np.clip((rows - fold) / np.maximum(shut - fold, 1), 0, 1)
    within = _soft((1 - abs(across)) * 4)
    cover = _soft((rows - fold) / 18) * np.clip((edge - rows) / 2 + 0.5, 0, 1) * within
    picture = _blend(picture, _lid_skin(still, shut, down), cover)
    thickness = 1.6 + 2.6 * arch  # lashes must outlast the shrinking to a live picture
    line = np.exp(-(((rows - edge) / thickness) ** 2)) * within * np.clip(closed * 1.5, 0, 1)
    return _blend(picture, LASHES, 0.85 * line)


def _lid_skin(still: Still, shut: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return skin for a lid: the skin under the eye mirrored at the closed lids, dark in the fold, lit on the bulge."""
    rows, columns = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32)
    mirrored = (shut[None] + 0.8 * (shut[None] - rows) + 6).astype(np.float32)
    skin = cv2.remap(still.person, columns, mirrored, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    even = cv2.GaussianBlur(skin, (0, 0), 12)
    lit = 0.62 + 0.36 * np.sin(np.pi * np.clip(0.05 + 0.85 * down, 0, 1))
    return (0.55 * skin + 0.45 * even) * lit[..., None] * [0.88, 0.92, 1.0]


def _soft(value: np.ndarray) -> np.ndarray:
    value = np.clip(value, 0, 1)
    return value * value * (3 - 2 * value)


def _blend(under: np.ndarray, over: np.ndarray, share: np.ndarray) -> np.ndarray:
    return under * (1 - share[..., None]) + over * share[..., None]
