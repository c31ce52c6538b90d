"""The hand-made performance: what the head, mouth, eyelids and brows do at each moment of the clip."""

from dataclasses import dataclass

import numpy as np

FRAMES_PER_S = 30
DURATION_S = 10.0

# (time in s, value), eased in between. Nothing moves before 0.7 s: the live loop takes the first frame as neutral.
YAW_DEG = [
    (0.7, 0),
    (1.35, 24),
    (1.75, 25),
    (2.55, -25),
    (2.95, -24),
    (3.6, 0),
    (4.9, 2),
    (5.6, -5),
    (6.3, 6),
    (7.5, 1),
    (7.9, 9),
    (8.5, -8),
    (9.0, 3),
    (9.6, 0),
]
PITCH_DEG = [
    (0.7, 0),
    (1.4, 1),
    (3.5, 0),
    (3.95, 13),
    (4.1, 13),
    (4.55, -12),
    (4.75, -12),
    (5.15, 3),
    (5.6, 0),
    (7.6, 1),
    (7.95, 5),
    (8.3, -4),
    (8.7, 3),
    (9.1, -1),
    (9.6, 0),
]
ROLL_DEG = [
    (0.7, 0),
    (1.4, -2),
    (2.6, 2),
    (3.5, 0),
    (5.2, 0),
    (5.8, 9),
    (6.05, 10),
    (6.9, -9),
    (7.15, -10),
    (7.7, 0),
    (8.1, 3),
    (8.8, -3),
    (9.5, 0),
]
SMILE = [
    (0.7, 0),
    (3.2, 0),
    (3.6, 0.8),
    (4.0, 0.7),
    (4.5, 0),
    (7.0, 0),
    (7.4, 1),
    (7.75, 0.9),
    (8.1, 0),
    (8.95, 0),
    (9.2, 0.7),
    (9.6, 0),
]
BROW = [
    (0.8, 0),
    (1.05, 0.9),
    (1.4, 0.8),
    (1.7, 0),
    (4.3, 0),
    (4.55, 1),
    (4.9, 0.8),
    (5.2, 0),
    (6.2, 0),
    (6.45, 1),
    (6.8, 1),
    (7.1, 0),
    (8.2, 0),
    (8.4, 1),
    (8.75, 0.7),
    (9.1, 0),
]
BLINKS_S = [0.95, 2.15, 3.8, 5.3, 6.95, 8.95]

# (time in s, opening, rounding): syllables by ear, about four to five a second; an opening of 0 is a p, b or m.
SYLLABLES = [
    (1.00, 0, 0),
    (1.14, 0.55, 0),
    (1.27, 0.15, 0.2),
    (1.42, 0.8, 0),
    (1.58, 0.05, 0),
    (1.72, 0.5, 0.8),
    (1.90, 0.2, 0.3),
    (2.05, 0.7, -0.3),
    (2.20, 0, 0),
    (2.36, 0.6, 0),
    (2.50, 0.25, -0.4),
    (2.66, 0.75, 0.2),
    (2.84, 0.1, 0),
    (3.00, 0.4, -0.5),
    (3.22, 0, 0),
    (4.50, 0, 0),
    (4.66, 0.6, 0.9),
    (4.90, 0.4, 1),
    (5.10, 0, 0.1),
    (5.26, 0.65, 0),
    (5.40, 0.2, -0.3),
    (5.56, 0.85, 0),
    (5.75, 0.1, 0.2),
    (5.90, 0.55, 1),
    (6.08, 0.15, 0.3),
    (6.24, 0.7, -0.2),
    (6.40, 0, 0),
    (6.58, 0.95, 0),
    (6.78, 0.3, -0.3),
    (6.94, 0.55, 0),
    (7.15, 0, 0),
    (7.75, 0, 0),
    (7.90, 0.6, 0),
    (8.02, 0.15, 0.6),
    (8.16, 0.45, 1),
    (8.32, 0.2, 0.2),
    (8.52, 1, 0),
    (8.66, 0.9, 0),
    (8.82, 0.1, 0),
    (8.96, 0.5, -0.3),
    (9.12, 0, 0),
]


@dataclass(frozen=True, slots=True)
class Pose:
    """One moment: angles are positive to the right of the picture, downwards and clockwise; the rest lies in [0, 1].

    `rounding` is -1 for spread lips, 1 for pursed ones; `closed` is 1 with the eyes shut; `sway_px` moves the head in
    pixels of the still.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    jaw: float
    rounding: float
    smile: float
    brow: float
    closed: float
    sway_px: tuple[float, float]


def perform() -> list[Pose]:
    """Return the poses of all frames, first and last of them neutral."""
    return [_pose_at(frame / FRAMES_PER_S) for frame in range(round(FRAMES_PER_S * DURATION_S))]


def _pose_at(time_s: float) -> Pose:
    alive = _ease([(0.7, 0), (1.2, 1), (9.1, 1), (9.7, 0)], time_s)
    return Pose(
        yaw_deg=_ease(YAW_DEG, time_s) + alive * 0.8 * _drift(time_s, 0.0),
        pitch_deg=_ease(PITCH_DEG, time_s) + alive * 0.8 * _drift(time_s, 1.7),
        roll_deg=_ease(ROLL_DEG, time_s) + alive * 0.6 * _drift(time_s, 3.1),
        jaw=_ease([(at_s, opening) for at_s, opening, _ in SYLLABLES], time_s),
        rounding=_ease([(at_s, rounding) for at_s, _, rounding in SYLLABLES], time_s),
        smile=_ease(SMILE, time_s),
        brow=_ease(BROW, time_s),
        closed=max(_blink(time_s - at_s) for at_s in BLINKS_S),
        sway_px=(alive * 1.5 * _drift(time_s, 4.4), alive * 1.0 * _drift(time_s, 5.9)),
    )


def _ease(keys: list[tuple[float, float]], time_s: float) -> float:
    """Return the value at a time: held before the first and after the last key, a cosine between two keys."""
    times, values = zip(*keys, strict=True)
    if time_s <= times[0] or time_s >= times[-1]:
        return float(values[0] if time_s <= times[0] else values[-1])
    at = int(np.searchsorted(times, time_s, side="right")) - 1
    progress = (time_s - times[at]) / (times[at + 1] - times[at])
    return float(values[at] + (values[at + 1] - values[at]) * (1 - np.cos(np.pi * progress)) / 2)


def _blink(since_s: float) -> float:
    """Return how far the eyes are shut: 70 ms down, 80 ms shut, 110 ms up."""
    return _ease([(0.0, 0), (0.07, 1), (0.15, 1), (0.26, 0)], since_s)


def _drift(time_s: float, phase: float) -> float:
    """Return a slow wander in [-1, 1], so that nothing stands quite still."""
    return float(0.6 * np.sin(2.3 * time_s + phase) + 0.4 * np.sin(5.1 * time_s + 2 * phase))
