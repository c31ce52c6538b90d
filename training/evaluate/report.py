"""Figures as a table and as one JSON object; a contact sheet and side-by-side videos for the eye."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from realtime.closing import Closing
from training.clips import Pixels
from training.evaluate.cross_reenactment import CrossMeasures
from training.evaluate.self_reenactment import SelfMeasures

Figures = dict[str, float | None]

SIGNALS = ("yaw", "pitch", "roll", "mouth", "eyes", "brows", "gaze")
SHEET_MOMENTS = 4
SHEET_SIZE = 160


def self_figures(clips: Sequence[SelfMeasures]) -> Figures:
    """Means over clips, which weigh alike whatever their length."""
    pictures, faces = [clip.pictures for clip in clips], [clip.faces for clip in clips if clip.faces is not None]
    figures: Figures = {
        "self_l1": _mean([p.l1 for p in pictures]),
        "self_psnr_db": _mean([p.psnr_db for p in pictures]),
        "self_ms_ssim": _mean([p.ms_ssim for p in pictures if p.ms_ssim is not None]),
        "self_detail": _mean([p.detail for p in pictures]),
    }
    if faces:
        figures["self_landmark_distance_px"] = _mean([f.landmark_distance_px for f in faces])
        figures["self_identity_distance"] = _mean([f.identity_distance for f in faces])
        figures["self_missing_faces"] = _mean([f.missing_faces for f in faces])
    return figures


def cross_figures(pairs: Sequence[CrossMeasures]) -> Figures:
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


def sheet_row(source: Pixels, driver: Pixels, result: Pixels) -> Pixels:
    """A strip [160, n, 3]: the source, then what drives it and the result, at moments spread over the clip."""
    moments = np.linspace(0, len(driver) - 1, SHEET_MOMENTS + 1).round().astype(int)[1:]
    pictures = [source, *(picture for moment in moments for picture in (driver[moment], result[moment]))]
    return np.concatenate([_thumbnail(picture) for picture in pictures], axis=1)


def side_by_side(still: Pixels, driver: Pixels, result: Pixels) -> Pixels:
    """Pictures [t, s, 3 s, 3] of still | driver | result."""
    return np.concatenate([np.broadcast_to(still, driver.shape), driver, result], axis=2)


class SideBySideVideo(Closing):
    """A video that grows pair by pair; there is no file before the first."""

    def __init__(self, path: Path, fps: int = 25) -> None:
        self._path, self._rate = path, Fraction(fps)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def add(self, pictures: Pixels) -> None:
        """Append pictures [t, height, width, 3], all of one size."""
        if self._container is None or self._stream is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._path), "w")
            self._stream = self._container.add_stream("libx264", rate=self._rate, options={"crf": "18"})
            self._stream.height, self._stream.width = pictures.shape[1:3]
            self._stream.pix_fmt = "yuv420p"
        for picture in pictures:
            self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))

    def close(self) -> None:
        """Ends the file; closing twice is safe."""
        if self._container is not None and self._stream is not None:
            self._container.mux(self._stream.encode())
            self._container.close()
            self._container = self._stream = None


def write_sheet(path: Path, rows: Sequence[Pixels]) -> None:
    """A picture of strips, one below the other."""
    sheet = np.concatenate(rows)
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
