"""The figures over the output: off unless asked for; one panel of text, drawn anew only when a figure changes."""

import textwrap
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np

from realtime.controls import Obey, on_or_off, switched
from realtime.frames import Pixels

FONT = cv2.FONT_HERSHEY_SIMPLEX
TEXT_SHARE, SMALLEST_TEXT_PX = 0.02, 10  # of the picture's height
MARGIN = 0.8  # of the text's height
ROW = 2  # from line to line, in heights of the text
WIDE_TEXT = "0123456789 mps"  # as wide as what is written, letter for letter
LIGHT_LEFT = 0.3  # of the picture under the panel: white is readable on any


class FiguresPanel:
    """Owned by the thread that sends. lines tells what to write; without any, nothing is drawn."""

    def __init__(self, lines: Callable[[], Sequence[str]] = tuple, shown: bool = False) -> None:
        self._lines, self._shown = lines, shown
        self._written: tuple[tuple[str, ...], Pixels] | None = None
        self._drawn: tuple[Pixels, Pixels, Pixels] | None = None  # picture and panel, and the picture made of them
        self.handlers: Mapping[str, Obey] = {"hud-output": self._obey}

    def on(self, pixels: Pixels) -> Pixels:
        """pixels [h, w, 3] themselves while it is off, else a picture of its own with the panel in the corner."""
        lines = tuple(self._lines()) if self._shown else ()
        if not lines:
            return pixels
        if self._written is None or self._written[0] != lines:
            self._written = lines, _panel(lines, *pixels.shape[:2])
        panel = self._written[1]
        if self._drawn is None or self._drawn[0] is not pixels or self._drawn[1] is not panel:
            picture = pixels.copy()
            corner = picture[: panel.shape[0], : panel.shape[1]]
            corner[...] = cv2.max(cv2.convertScaleAbs(corner, alpha=LIGHT_LEFT), panel)
            self._drawn = pixels, panel, picture
        return self._drawn[2]

    def _obey(self, argument: str) -> str:
        self._shown = switched(self._shown, argument)
        return f"figures in the output {on_or_off(self._shown)}"


def _panel(lines: Sequence[str], height_px: int, width_px: int) -> Pixels:
    """White lines on black [h, w, 3], no larger than the picture of that size; lines too long for it are broken."""
    text_px = max(SMALLEST_TEXT_PX, round(TEXT_SHARE * height_px))
    margin, scale = round(MARGIN * text_px), cv2.getFontScaleFromHeight(FONT, text_px, 1)
    longest = int((width_px - 2 * margin) / _width(WIDE_TEXT, scale) * len(WIDE_TEXT))
    rows = [row for line in lines for row in textwrap.wrap(line, max(longest, len("100.0 fps")))]
    size = (len(rows) * ROW * text_px + 2 * margin, max(_width(row, scale) for row in rows) + 2 * margin, 3)
    panel = np.zeros(size, np.uint8)
    for count, row in enumerate(rows):
        bottom = margin + count * ROW * text_px + text_px
        cv2.putText(panel, row, (margin, bottom), FONT, scale, (255,) * 3, 1, cv2.LINE_AA)
    return panel[:height_px, :width_px]


def _width(text: str, scale: float) -> int:
    return int(cv2.getTextSize(text, FONT, scale, 1)[0][0])
