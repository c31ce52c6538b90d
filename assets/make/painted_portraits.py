"""The painted and drawn portraits in assets/portraits, made from the two public-domain photographs there.

    python assets/make/painted_portraits.py

needs numpy and opencv-python-headless, and takes about a minute. Each picture is one function below.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

PORTRAITS = Path(__file__).resolve().parent.parent / "portraits"
SIDE_PX = 768
# left, top, side in the photograph: head and shoulders
ASTRONAUT_CROP_PX = (82, 0, 300)
HOPPER_CROP_PX = (40, 0, 440)
JPEG_QUALITY = 93


def main() -> None:
    """Write every painted portrait."""
    astronaut = _crop(PORTRAITS / "astronaut.jpg", ASTRONAUT_CROP_PX)
    hopper = _crop(PORTRAITS / "grace-hopper.jpg", HOPPER_CROP_PX)
    _write("astronaut-oil", paint_oil(astronaut, seed=3))
    _write("grace-hopper-charcoal", draw_charcoal(hopper, seed=5))
    _write("astronaut-pencil", draw_pencil(astronaut, seed=7))
    _write("grace-hopper-watercolour", paint_watercolour(hopper, seed=9))


def paint_oil(photo: np.ndarray, seed: int) -> np.ndarray:
    """Return an oil painting: brush strokes along the forms, coarse first, fine where the picture has detail."""
    base = cv2.bilateralFilter(photo, 9, 40, 9)
    canvas = cv2.GaussianBlur(base, (0, 0), 14).astype(np.float32) * 0.85 + np.array([18, 26, 36])
    random = np.random.default_rng(seed)
    detail = _detail(base)
    for length, width, floor in ((46, 13, 0.0), (28, 7, 0.0), (16, 4, 0.12), (9, 2, 0.25), (5, 1, 0.4)):
        canvas = _stroke_layer(canvas, base, detail, (length, width, floor), random)
    relief = cv2.GaussianBlur(canvas.mean(axis=2), (0, 0), 0.8)
    light = np.clip(relief - np.roll(relief, (2, 2), (0, 1)), -14, 14)[..., None]
    return _grade(canvas + 0.45 * light, saturation=1.12, contrast=1.05)


def paint_watercolour(photo: np.ndarray, seed: int) -> np.ndarray:
    """Return a watercolour: flat washes with darker rims on white paper, fading out towards the edges."""
    flat = photo.copy()
    for _ in range(3):
        flat = cv2.edgePreservingFilter(flat, flags=cv2.RECURS_FILTER, sigma_s=28, sigma_r=0.28)
    random = np.random.default_rng(seed)
    wobble = [cv2.GaussianBlur(random.normal(0, 1, flat.shape[:2]), (0, 0), 6) * 22 for _ in range(2)]
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32)
    run = cv2.remap(flat, (columns + wobble[0]).astype(np.float32), (rows + wobble[1]).astype(np.float32), 1)
    share = _face_share()[..., None]
    washes = flat * share + run * (1 - share)
    tone = cv2.cvtColor(washes.astype(np.uint8), cv2.COLOR_BGR2GRAY).astype(np.float32)
    rims = np.clip(cv2.GaussianBlur(tone, (0, 0), 5) - tone, 0, 30)[..., None]
    pigment = cv2.GaussianBlur(random.normal(0, 1, tone.shape), (0, 0), 9)[..., None] * 60
    washes = 255 - (255 - washes) * 0.86 - 0.9 * rims + pigment * (washes / 255)
    ink = np.clip((cv2.GaussianBlur(tone, (0, 0), 1.2) - cv2.GaussianBlur(tone, (0, 0), 4)) / -24, 0, 1)[..., None]
    washes = washes * (1 - 0.55 * ink)
    paper = _paper(random, np.array([240, 247, 250]), 3.0)
    reach = _vignette(random, 0.90, 0.16)[..., None]
    return _grade(paper * (1 - reach) + (washes * paper / 250) * reach, saturation=1.15, contrast=1.0)


def draw_pencil(photo: np.ndarray, seed: int) -> np.ndarray:
    """Return a pencil drawing on cream paper: tones by hatching in two directions, contours, highlights in white."""
    random = np.random.default_rng(seed)
    tone = _tone(photo)
    paper = _paper(random, np.array([205, 224, 232]), 4.0)
    hatches = [_hatching(random, degrees) for degrees in (52, 118)]
    dark = np.clip(0.95 - tone, 0, 1)
    graphite = dark * (0.45 + 0.75 * hatches[0]) + np.clip(dark - 0.45, 0, 1) * (0.3 + 1.0 * hatches[1])
    graphite = np.clip(0.62 * graphite + 0.75 * _contours(photo), 0, 0.92) * _vignette(random, 0.92, 0.14)
    chalk = np.clip((tone - 0.80) * 3, 0, 1) * 0.55 * _face_share()
    drawn = paper * (1 - graphite[..., None]) + np.array([62, 58, 58]) * graphite[..., None]
    return (drawn * (1 - chalk[..., None]) + np.array([246, 250, 252]) * chalk[..., None]).clip(0, 255)


def draw_charcoal(photo: np.ndarray, seed: int) -> np.ndarray:
    """Return a charcoal and red-chalk drawing on toned paper, heightened with white."""
    random = np.random.default_rng(seed)
    tone = _tone(photo)
    paper = _paper(random, np.array([128, 158, 178]), 6.0)
    grain = np.clip(0.5 + cv2.GaussianBlur(random.normal(0, 1, tone.shape), (0, 0), 0.9) * 0.8, 0, 1)
    reach = _vignette(random, 0.90, 0.15)
    smudge = cv2.GaussianBlur(tone, (0, 0), 2.0)
    coal = np.clip((0.58 - smudge) * 1.7, 0, 1) * (0.72 + 0.4 * grain) + 0.9 * _contours(photo)
    red = np.clip(1 - abs(tone - 0.52) * 3.2, 0, 1) * (0.35 + 0.5 * _hatching(random, 48)) * 0.75
    white = np.clip((tone - 0.66) * 2.6, 0, 1) * (0.55 + 0.55 * grain) * 0.9
    drawn = paper
    for colour, share in (((72, 88, 150), red), ((226, 238, 244), white), ((38, 38, 42), coal)):
        layer = np.clip(share, 0, 0.95)[..., None] * reach[..., None]
        drawn = drawn * (1 - layer) + np.array(colour) * layer
    return drawn.clip(0, 255)


def _crop(path: Path, crop_px: tuple[int, int, int]) -> np.ndarray:
    left, top, side = crop_px
    photo = cv2.imread(str(path))
    if photo is None:
        raise FileNotFoundError(f"{path}: no readable picture; it belongs to this repository")
    shown = photo[top : top + side, left : left + side]
    return cv2.resize(shown, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LANCZOS4)


def _write(name: str, picture: np.ndarray) -> None:
    pixels = np.clip(picture, 0, 255).round().astype(np.uint8)
    cv2.imwrite(str(PORTRAITS / f"{name}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def _tone(photo: np.ndarray) -> np.ndarray:
    """Return brightness in [0, 1], evened out locally, smooth within forms."""
    grey = cv2.cvtColor(cv2.bilateralFilter(photo, 11, 35, 11), cv2.COLOR_BGR2GRAY)
    return cv2.createCLAHE(1.6, (6, 6)).apply(grey).astype(np.float32) / 255


def _contours(photo: np.ndarray) -> np.ndarray:
    """Return dark lines in [0, 1] along the forms: a difference of Gaussians, thresholded softly."""
    grey = cv2.cvtColor(cv2.bilateralFilter(photo, 9, 40, 9), cv2.COLOR_BGR2GRAY).astype(np.float32)
    edge = cv2.GaussianBlur(grey, (0, 0), 1.5) - 0.99 * cv2.GaussianBlur(grey, (0, 0), 3.2)
    return np.clip((-edge - 1.0) / 12, 0, 1)


def _detail(picture: np.ndarray) -> np.ndarray:
    """Return how much goes on around each pixel, in [0, 1]; at the face always a good deal."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return np.clip(np.sqrt(cv2.GaussianBlur(slope, (0, 0), 4) / 90) + 0.35 * _face_share(), 0, 1)


def _stroke_layer(
    canvas: np.ndarray,
    photo: np.ndarray,
    detail: np.ndarray,
    brush: tuple[int, int, float],
    random: Generator,
) -> np.ndarray:
    """Return the canvas with a layer of strokes (length, width, least detail), each of the colour under it."""
    length, width, floor = brush
    grey = cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), 3 + width / 2)
    along = np.arctan2(cv2.Sobel(grey, cv2.CV_32F, 0, 1), cv2.Sobel(grey, cv2.CV_32F, 1, 0)) + np.pi / 2
    colours = cv2.GaussianBlur(photo, (0, 0), max(width / 3, 0.6)).astype(np.float32)
    layer = canvas.astype(np.float32).copy()
    for y, x in random.integers(0, SIDE_PX, (int(1.6 * SIDE_PX**2 / (length * width)), 2)):
        if detail[y, x] < floor:
            continue
        angle = along[y, x] + random.normal(0, 0.18)
        reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2 * random.uniform(0.6, 1.1)
        colour = colours[y, x] * random.normal(1, 0.035) + random.normal(0, 3, 3)
        start, end = (x - reach[0], y - reach[1]), (x + reach[0], y + reach[1])
        ends = [tuple(int(value * 16) for value in point) for point in (start, end)]
        cv2.line(layer, *ends, colour.tolist(), width, cv2.LINE_AA, 4)
    return layer


def _hatching(random: Generator, degrees: float) -> np.ndarray:
    """Return pencil strokes over the whole sheet, in [0, 1], along one direction."""
    big = int(SIDE_PX * 1.5)
    noise = random.normal(0, 1, (big, big)).astype(np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=22, sigmaY=0.9)
    turn = cv2.getRotationMatrix2D((big / 2, big / 2), degrees, 1.0)
    turned = cv2.warpAffine(streaks, turn, (big, big), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    edge = (big - SIDE_PX) // 2
    sheet = turned[edge : edge + SIDE_PX, edge : edge + SIDE_PX]
    return np.clip(0.5 + 0.55 * sheet / sheet.std(), 0, 1)


def _paper(random: Generator, colour: np.ndarray, roughness: float) -> np.ndarray:
    fine, coarse = (cv2.GaussianBlur(random.normal(0, 1, (SIDE_PX, SIDE_PX)), (0, 0), s) * s for s in (0.8, 5.0))
    return colour + ((fine * 2 + coarse) * roughness)[..., None]


def _vignette(random: Generator, radius: float, softness: float) -> np.ndarray:
    """Return 1 in the middle of the sheet, falling to 0 towards its edges along an uneven rim."""
    axis = np.linspace(-1, 1, SIDE_PX)
    uneven = cv2.GaussianBlur(random.normal(0, 1, (SIDE_PX, SIDE_PX)), (0, 0), 16) * 3.0
    distance = (np.abs(axis[None]) ** 3 + np.abs(axis[:, None] - 0.02) ** 3) ** (1 / 3) + 0.6 * softness * uneven
    rim = np.clip((radius + softness / 2 - distance) / softness, 0, 1)
    return (rim * rim * (3 - 2 * rim)).astype(np.float32)


def _face_share() -> np.ndarray:
    """Return 1 where both crops have the face, falling off smoothly."""
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX
    return np.exp(-((((columns - 0.5) / 0.24) ** 2 + ((rows - 0.48) / 0.32) ** 2) ** 2)).astype(np.float32)


def _grade(picture: np.ndarray, saturation: float, contrast: float) -> np.ndarray:
    grey = picture.mean(axis=2, keepdims=True)
    return ((grey + (picture - grey) * saturation - 128) * contrast + 128).clip(0, 255)


if __name__ == "__main__":
    main()
