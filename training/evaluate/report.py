"""Figures as a table and as one JSON object; a contact sheet and side-by-side videos for the eye."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from training.clips import Pixels
from training.evaluate.cross_reenactment import CrossReenactment
from training.evaluate.self_reenactment import SelfReenactmentClip

Figures = dict[str, float | None]

SIGNALS = ("yaw", "pitch", "roll", "mouth", "eyes", "brows")
SHEET_MOMENTS = 4
SHEET_SIZE = 160


def self_figures(clips: Sequence[SelfReenactmentClip]) -> Figures:
    """Means over clips, which weigh alike whatever their length."""
    pictures, faces = [clip.pictures for clip in clips], [clip.faces for clip in clips if clip.faces is not None]
    figures: Figures = {
        "self_l1": _mean([p.l1 for p in pictures]),
        "self_psnr_db": _mean([p.psnr_db for p in pictures]),
        "self_ms_ssim": _mean([p.ms_ssim for p in pictures if p.ms_ssim is not None]),
    }
    if faces:
        figures["self_landmark_distance_px"] = _mean([f.landmark_distance_px for f in faces])
        figures["self_identity_distance"] = _mean([f.identity_distance for f in faces])
        figures["self_missing_faces"] = _mean([f.missing_faces for f in faces])
    return figures


def cross_figures(pairs: Sequence[CrossReenactment]) -> Figures:
    """Means over pairs, the median of the jitter's ratio; a following counts the pairs whose driver moves so."""
    figures: Figures = {"cross_identity_distance": _mean([p.identity_distance for p in pairs])}
    for signal in SIGNALS:
        moved = [p.following[signal] for p in pairs if signal in p.following]
        figures[f"following_{signal}"] = _mean([f.correlation for f in moved])
        figures[f"gain_{signal}"] = _mean([f.gain for f in moved])
        figures[f"pairs_{signal}"] = len(moved)
    jitter = np.array([p.jitter for p in pairs])
    figures["jitter"] = float(np.nanmedian(jitter)) if np.isfinite(jitter).any() else None
    figures["background_deviation"] = _mean([p.background for p in pairs])
    figures["cross_missing_faces"] = _mean([p.missing_faces for p in pairs])
    return figures


def format_table(columns: Mapping[str, Figures]) -> str:
    """A Markdown table: one row per column's name, one column per figure any of them has."""
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    lines = ["| figure | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in names:
        cells = [_cell(figures.get(name)) for figures in columns.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_sheet(path: Path, sources: Sequence[Pixels], drivers: Sequence[Pixels], results: Sequence[Pixels]) -> None:
    """One row per clip: the source, then what drives it and the result, at moments spread over the clip."""
    rows = []
    for source, driver, result in zip(sources, drivers, results, strict=True):
        moments = np.linspace(0, len(driver) - 1, SHEET_MOMENTS + 1).round().astype(int)[1:]
        rows.append([source, *(picture for moment in moments for picture in (driver[moment], result[moment]))])
    _write_sheet(path, rows)


def write_side_by_side(
    path: Path, stills: Sequence[Pixels], drivers: Sequence[Pixels], results: Sequence[Pixels], fps: int = 25
) -> None:
    """A video of still | driver | result, one pair after the other."""
    size = stills[0].shape[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps), options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 3 * size, size, "yuv420p"
        for still, driver, result in zip(stills, drivers, results, strict=True):
            for moved, animated in zip(driver, result, strict=True):
                picture = np.concatenate([still, moved, animated], axis=1)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _write_sheet(path: Path, rows: Sequence[Sequence[Pixels]]) -> None:
    sheet = np.concatenate([np.concatenate([_thumbnail(picture) for picture in row], axis=1) for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise OSError(f"{path}: cannot be written; choose another folder with --out")


def _thumbnail(picture: Pixels) -> Pixels:
    method = cv2.INTER_AREA if picture.shape[0] > SHEET_SIZE else cv2.INTER_NEAREST
    return cv2.resize(picture, (SHEET_SIZE, SHEET_SIZE), interpolation=method).astype(np.uint8, copy=False)


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else None


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.4f}"
