"""A stripe of light and dark cells along a picture's upper edge that says when the picture was born.

It outlives scaling, colour conversion and video compression, so a picture's age can be read behind any device, even by
another program on the same machine: the number is time.monotonic() in milliseconds, modulo 2^16 (about a minute).
"""

import numpy as np

from realtime.frames import Pixels

BITS, CHECK_BITS = 16, 4
PERIOD_MS = 1 << BITS
LIGHT, DARK = 235, 20
# The ends tell light from dark; what is between them is number and check.
STARTS_WITH, ENDS_WITH = (1, 0), (0, 1)
CELLS = len(STARTS_WITH) + BITS + CHECK_BITS + len(ENDS_WITH)
HEIGHT_SHARE = 1 / 16
SMALLEST_HEIGHT_PX = 4
SMALLEST_CONTRAST = 60.0


def birth_number(at_s: float) -> int:
    """The number that stands for a moment of time.monotonic()."""
    return round(at_s * 1000) % PERIOD_MS


def age_ms(number: int, now_s: float) -> float:
    """Milliseconds from the moment of number to now, in [0, 65536)."""
    return (now_s * 1000 - number) % PERIOD_MS


def draw_stripe(pixels: Pixels, number: int) -> None:
    """Draws number in [0, 65536) over the upper edge of pixels [h, w, 3], at least 24 wide."""
    height, width = pixels.shape[:2]
    cells = np.array([LIGHT if bit else DARK for bit in _pattern(number)], np.uint8)
    columns = cells[np.arange(width) * CELLS // width]  # w
    pixels[: _height(height)] = columns[None, :, None]


def read_stripe(pixels: Pixels) -> int | None:
    """The number drawn over pixels [h, w, 3], at whatever size; None where there is none or it is not sure."""
    height, width = pixels.shape[:2]
    if width < CELLS:
        return None
    rows = _height(height)
    band = pixels[rows // 4 : max(rows // 4 + 1, rows * 3 // 4)].mean(axis=(0, 2))  # w
    edges = np.arange(CELLS) * width / CELLS
    inner = width / CELLS / 4  # a cell's borders blur into its neighbours
    cells = np.array(
        [band[int(left + inner) : max(int(left + inner) + 1, int(left + 3 * inner))].mean() for left in edges]
    )
    light = cells[[0, -1]].mean()
    dark = cells[[1, -2]].mean()
    if light - dark < SMALLEST_CONTRAST:
        return None
    bits = tuple(int(bit) for bit in cells > (light + dark) / 2)
    number = int("".join(map(str, bits[len(STARTS_WITH) : len(STARTS_WITH) + BITS])), 2)
    return number if bits == _pattern(number) else None


def _pattern(number: int) -> tuple[int, ...]:
    text = f"{number:0{BITS}b}{_check(number):0{CHECK_BITS}b}"
    return (*STARTS_WITH, *(int(bit) for bit in text), *ENDS_WITH)


def _check(number: int) -> int:
    """Four bits that change with any one bit of the number, and are not all alike where the number's are."""
    folded = number ^ (number >> 4) ^ (number >> 8) ^ (number >> 12)
    return (folded & 0xF) ^ 0b0101


def _height(picture_px: int) -> int:
    return max(SMALLEST_HEIGHT_PX, round(picture_px * HEIGHT_SHARE))
