"""How a head is held in a picture, and the driver's motion as a head makes it that is held otherwise. Pure NumPy.

Seen straight from the front a face is its own mirror image: keypoints that mirror each other lie as far to either side,
and as near to the viewer. So what of their place to the side goes with their depth is the sine of the head's turn.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from realtime.frames import Keypoints, Motion, Tensor
from realtime.parts import Parts
from realtime.similarity import SMALLEST_SPREAD, complex_of, middle_of, shrinking, spread_of

# Sine of the furthest turn that is told: of heads seen from the side too little is in the picture.
LARGEST_SINE = 0.8
ALIKE = 0.06  # depths of which two are as good as one
REFINEMENTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A head as it is held in a picture.

    across: its own left to right in the picture, a complex number of length 1. yaw: how far it looks to the right of
    the picture, in radians. The rest is of the head looking straight ahead, in units of the picture. size: the spread
    of its face. lateral, depth: [face], how far keypoints lie to the right of its middle and towards the viewer.
    """

    across: complex
    yaw: float
    size: float
    lateral: NDArray[np.float64]
    depth: NDArray[np.float64]

    @classmethod
    def seen(cls, points: Tensor, parts: Parts) -> "Head":
        """The head whose keypoints are `points` [k, 2]; `parts` tell which mirror each other, and depths."""
        across = _across(points, parts)
        face = points[parts.face]
        side = (complex_of(face) * across.conjugate()).real
        depth, rigid = parts.depths.astype(np.float64), parts.rigid
        deep = depth[rigid] - middle_of(depth[rigid])
        slope = float(deep @ side[rigid] / (deep @ deep))
        side -= middle_of(side[rigid]) - slope * middle_of(depth[rigid])
        seen = spread_of(face) ** 2 - _variance(side)
        size, yaw, lateral = 0.0, 0.0, side
        for _ in range(REFINEMENTS):
            # A face that is turned spans less: by what it would span straight ahead, sines are measured.
            size = max(math.sqrt(seen + _variance(lateral)), SMALLEST_SPREAD)
            yaw = _angle(slope / size)
            lateral = (side - slope * depth) / math.cos(yaw)
        return cls(across, yaw, size, lateral, size * depth)

    def turned_by(self, angle: float) -> NDArray[np.float64]:
        """[face]: how far each keypoint goes along `across` when the head turns so much further to the right."""
        to = self.yaw + angle
        return self.lateral * (math.cos(to) - math.cos(self.yaw)) + self.depth * (math.sin(to) - math.sin(self.yaw))

    def angle_of(self, sine: float) -> float:
        """By how much the head turns to the right when the sine of its turn grows by so much, in radians."""
        return _angle(math.sin(self.yaw) + sine) - self.yaw

    def along(self, way: NDArray[np.float64], tilt: complex = 1) -> Tensor:
        """[face, 2] in the picture: ways along `across`, which is tilted."""
        towards = self.across * tilt
        return np.outer(way, [towards.real, towards.imag]).astype(np.float32)


def tells_heads(parts: Parts) -> bool:
    """Whether the bundle tells what a head's turn is read from."""
    return bool(len(parts.mirrors) and parts.rigid.any() and np.ptp(parts.depths[parts.rigid]))


def as_held(motion: Motion, driving: Keypoints, portrait: Keypoints, neutral: Keypoints, parts: Parts) -> Motion:
    """The driver's `motion` since `neutral`, as the portrait's head makes it.

    Ways about the head's middle are tilted as the portrait's head is beside the driver's in the neutral pose. And what
    a turn does to a face depends on where it looked before: turning away narrows it, turning towards the viewer widens
    it. So what the driver's turn did to the driver's face is taken out, and the same turn of the portrait's head is put
    in its place. At rest the same, to the last bit; and where the bundle does not tell (`tells_heads`).
    """
    if not tells_heads(parts):
        return motion
    own, before, now = _known(portrait, parts), _known(neutral, parts), Head.seen(driving.mean, parts)
    mean = _tilted(motion.target.mean, portrait.mean, own.across * before.across.conjugate(), parts)
    # Ways have shrunk where the driver's face is the larger, and have not grown where it is the smaller.
    shrunk, turn = float(shrinking(portrait, neutral, parts)), now.yaw - before.yaw
    way = own.turned_by(turn * min(1.0, shrunk * before.size / own.size)) - shrunk * before.turned_by(turn)
    mean[parts.face] += own.along(way, tilt=now.across * before.across.conjugate())
    return Motion(Keypoints(mean, motion.target.covariance))


def across_of(portrait: Keypoints, parts: Parts) -> complex:
    """A head's own left to right in the picture, of length 1; the picture's where the bundle does not tell."""
    return _known(portrait, parts).across if tells_heads(parts) else 1 + 0j


@lru_cache(maxsize=4)
def _known(keypoints: Keypoints, parts: Parts) -> Head:
    """A head that rests, which most frames have in common."""
    return Head.seen(keypoints.mean, parts)


def _across(points: Tensor, parts: Parts) -> complex:
    """A head's left to right. Nods slant what joins mirrored keypoints of a head that is turned, but not what goes down
    its middle, between such that lie equally deep: eyes and corners of the mouth.
    """
    left, right = (complex_of(points[parts.mirrors[:, side]]) for side in (0, 1))
    width, middle = complex((right - left).sum()), (left + right) / 2
    downwards = middle[:, None] - middle
    downwards = np.where((downwards * np.conj(1j * width)).real > 0, downwards, -downwards)
    down = complex(downwards[_equally_deep(parts)].sum())
    across = width if abs(down) < SMALLEST_SPREAD else -1j * down
    return across / max(abs(across), SMALLEST_SPREAD)


@lru_cache(maxsize=4)
def _equally_deep(parts: Parts) -> NDArray[np.bool_]:
    """[n, n]: which mirrored pairs lie as deep as which others."""
    depths = dict(zip(np.asarray(parts.face).tolist(), parts.depths.tolist(), strict=True))
    deep = np.array([depths[row] for row in parts.mirrors[:, 0].tolist()])
    return np.asarray(np.abs(deep[:, None] - deep) < ALIKE)


def _variance(values: NDArray[np.float64]) -> float:
    about = values - middle_of(values)
    return float(about @ about) / len(about)


def _angle(sine: float) -> float:
    return math.asin(max(-LARGEST_SINE, min(LARGEST_SINE, sine)))


def _tilted(mean: Tensor, resting: Tensor, tilt: complex, parts: Parts) -> Tensor:
    """`mean` [k, 2], with the ways of face and hair since `resting` turned in the picture about what the head does."""
    way = mean - resting
    of_head = middle_of(way[parts.head])
    tilted = mean.copy()
    for rows in (parts.face, parts.hair):
        turned = tilt * complex_of(way[rows] - of_head)
        tilted[rows] = resting[rows] + of_head + np.stack([turned.real, turned.imag], axis=1).astype(np.float32)
    return tilted
