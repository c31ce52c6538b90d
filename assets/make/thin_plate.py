"""The thin-plate spline: the smoothest surface through scattered values."""

import numpy as np


def thin_plate(points: np.ndarray, values: np.ndarray, queries: np.ndarray, smoothing: float) -> np.ndarray:
    """Return values at queries, (q, c), of the spline through values (n, c) at points (n, 2).

    A larger `smoothing` passes the points at a distance and bends less; lengths are in pixels.
    """
    unit, count = 1000.0, len(points)
    points, queries = points / unit, queries / unit
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(points, points) + smoothing * np.eye(count)
    system[:count, count:] = _plane(points)
    system[count:, :count] = _plane(points).T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((3, values.shape[1]))]))
    return _kernel(queries, points) @ weights[:count] + _plane(queries) @ weights[count:]


def _plane(points: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((len(points), 1)), points], axis=1)


def _kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return r squared times log r between every two points."""
    squared = ((left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2 * left @ right.T).clip(0)
    return 0.5 * squared * np.log(squared + 1e-12)
