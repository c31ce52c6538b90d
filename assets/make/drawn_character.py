"""The drawn character, assets/portraits/juno.jpg: a friendly face from curves and soft shadows, no photograph involved.

    python assets/make/drawn_character.py

needs numpy and opencv-python-headless. Coordinates are in a drawing 1000 wide and high; the face's middle is x = 500.
"""

from pathlib import Path

import cv2
import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "portraits" / "juno.jpg"
SIDE_PX = 1536
FINAL_PX = 768

Curve = list[tuple[float, float]]
Colour = tuple[int, int, int]  # RGB

SKIN: Colour = (226, 170, 136)
SHADOW: Colour = (184, 112, 88)
LIGHT: Colour = (248, 208, 178)
HAIR: Colour = (74, 40, 38)
HAIR_LIGHT: Colour = (128, 72, 56)
LIP: Colour = (190, 84, 82)

HEAD: Curve = [(500, 215), (610, 240), (680, 330), (695, 440), (680, 550), (640, 650), (570, 730), (500, 752)]
HAIR_BACK: Curve = [(500, 120), (640, 140), (745, 240), (780, 400), (775, 560), (740, 680), (660, 720), (500, 700)]
FRINGE: Curve = [(300, 480), (285, 350), (330, 220), (430, 145), (560, 140), (670, 205), (715, 330), (702, 480),
                 (680, 400), (640, 320), (585, 268), (520, 300), (430, 335), (350, 370), (318, 420)]  # fmt: skip
EAR: Curve = [(312, 440), (288, 430), (280, 475), (292, 530), (312, 552), (326, 520)]
NECK: Curve = [(405, 620), (408, 760), (380, 830), (500, 930), (620, 830), (592, 760), (595, 620)]
SHIRT: Curve = [
    (90, 1060),
    (120, 900),
    (230, 830),
    (390, 800),
    (500, 900),
    (610, 800),
    (770, 830),
    (880, 900),
    (910, 1060),
]
BROW: Curve = [(346, 394), (380, 366), (428, 369), (466, 390), (428, 385), (384, 381)]
EYE: Curve = [(358, 462), (378, 440), (408, 431), (438, 442), (456, 464), (432, 478), (404, 483), (376, 476)]
LID_LINE: Curve = [(350, 464), (376, 437), (408, 427), (440, 438), (460, 466), (438, 449), (408, 438), (378, 448)]
NOSE_SHADE: Curve = [(520, 440), (532, 540), (548, 580), (520, 598), (500, 596), (512, 540)]
NOSTRIL: Curve = [(462, 588), (473, 581), (484, 589), (473, 594)]
UPPER_LIP: Curve = [(416, 646), (460, 644), (485, 637), (500, 642), (515, 637), (540, 644), (584, 646), (540, 660),
                    (500, 663), (460, 660)]  # fmt: skip
LOWER_LIP: Curve = [(416, 646), (460, 660), (500, 663), (540, 660), (584, 646), (545, 684), (500, 694), (455, 684)]
LIP_LINE: Curve = [(408, 641), (455, 657), (500, 661), (545, 657), (592, 641), (545, 662), (500, 668), (455, 662)]


def main() -> None:
    """Write the picture."""
    picture = draw()
    cv2.imwrite(str(TARGET), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])


def draw() -> np.ndarray:
    """Return the portrait, uint8 HWC RGB, FINAL_PX square."""
    canvas = _background()
    canvas = _body(canvas)
    canvas = _face(canvas)
    for mirrored in (False, True):
        canvas = _eye(canvas, mirrored)
    canvas = _nose_and_mouth(canvas)
    canvas = _hair(canvas)
    grain = cv2.GaussianBlur(np.random.default_rng(4).normal(0, 9, canvas.shape[:2]), (0, 0), 1.5)[..., None]
    small = cv2.resize(canvas + grain, (FINAL_PX, FINAL_PX), interpolation=cv2.INTER_AREA)
    return small.clip(0, 255).round().astype(np.uint8)


def _background() -> np.ndarray:
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX
    glow = np.exp(-((columns - 0.42) ** 2 + (rows - 0.38) ** 2) / 0.18)[..., None]
    return np.array([62, 110, 122]) * (1 - glow) + np.array([150, 194, 190]) * glow


def _body(canvas: np.ndarray) -> np.ndarray:
    canvas = _fill(canvas, _both_sides(HAIR_BACK), HAIR)
    canvas = _fill(canvas, SHIRT, (236, 186, 84))
    canvas = _fill(canvas, [(620, 830), (770, 830), (920, 1060), (640, 1060)], (206, 146, 58), 40, 0.7, inside=SHIRT)
    canvas = _fill(canvas, NECK, (214, 152, 120))
    return _fill(
        canvas, [(395, 690), (500, 790), (605, 690), (600, 790), (500, 830), (400, 790)], SHADOW, 16, 0.75, NECK
    )


def _face(canvas: np.ndarray) -> np.ndarray:
    for ear in (EAR, _mirror(EAR)):
        canvas = _fill(canvas, ear, (214, 148, 118))
    head = _both_sides(HEAD)
    canvas = _fill(canvas, head, SKIN)
    canvas = _fill(
        canvas, [(640, 250), (720, 420), (690, 620), (560, 760), (640, 600), (660, 420)], SHADOW, 40, 0.75, head
    )
    canvas = _fill(canvas, [(360, 250), (560, 240), (540, 350), (400, 350)], LIGHT, 50, 0.7, head)
    canvas = _fill(canvas, [(300, 300), (700, 300), (700, 345), (520, 330), (300, 420)], SHADOW, 22, 0.6, head)
    for cheek in ((385, 575), (615, 575)):
        canvas = _fill(canvas, _ellipse(cheek, 55, 38), (232, 122, 108), 26, 0.55, head)
    return _fill(canvas, _ellipse((500, 722), 40, 12), LIGHT, 14, 0.5, head)


def _eye(canvas: np.ndarray, mirrored: bool) -> np.ndarray:
    def side(curve: Curve) -> Curve:
        return _mirror(curve) if mirrored else curve

    canvas = _fill(canvas, side(_ellipse((406, 440), 66, 40)), SHADOW, 18, 0.55)
    canvas = _fill(canvas, side(EYE), (248, 246, 242))
    iris = side([(407, 457)])[0]
    for radius, colour, soft in ((27, (44, 58, 48), 1.5), (23, (86, 124, 88), 3), (12, (16, 16, 18), 1.5)):
        canvas = _fill(canvas, _ellipse(iris, radius, radius), colour, soft, 1.0, side(EYE))
    canvas = _fill(
        canvas, side([(350, 430), (465, 430), (460, 452), (406, 442), (356, 455)]), (120, 96, 92), 6, 0.6, side(EYE)
    )
    canvas = _fill(canvas, _ellipse((iris[0] - 9, iris[1] - 10), 6, 6), (255, 255, 255))
    canvas = _fill(canvas, side(LID_LINE), (46, 26, 28))
    canvas = _fill(canvas, side([(374, 480), (404, 487), (436, 480), (404, 484)]), (150, 86, 74), 2, 0.8)
    canvas = _fill(canvas, side([(356, 436), (404, 410), (452, 432), (404, 415)]), (160, 96, 78), 2, 0.9)
    return _fill(canvas, side(BROW), HAIR, 2.5)


def _nose_and_mouth(canvas: np.ndarray) -> np.ndarray:
    canvas = _fill(canvas, NOSE_SHADE, SHADOW, 9, 0.7)
    canvas = _fill(canvas, _ellipse((490, 500), 9, 62), LIGHT, 9, 0.7)
    canvas = _fill(canvas, _ellipse((494, 566), 16, 12), LIGHT, 8, 0.9)
    canvas = _fill(canvas, [(448, 585), (500, 606), (552, 585), (500, 614)], SHADOW, 6, 0.9)
    for nostril in (NOSTRIL, _mirror(NOSTRIL)):
        canvas = _fill(canvas, nostril, (116, 58, 50), 2.5, 0.9)
    for wing in ([(450, 560), (444, 580), (454, 598), (449, 580)], [(550, 560), (556, 580), (546, 598), (551, 580)]):
        canvas = _fill(canvas, wing, SHADOW, 3, 0.9)
    canvas = _fill(canvas, _ellipse((500, 712), 50, 10), SHADOW, 9, 0.6)
    canvas = _fill(canvas, UPPER_LIP, (168, 66, 70), 1.5)
    canvas = _fill(canvas, LOWER_LIP, LIP, 1.5)
    canvas = _fill(canvas, _ellipse((492, 676), 34, 6), (232, 144, 136), 5, 0.8)
    return _fill(canvas, LIP_LINE, (92, 30, 36), 1.5)


def _hair(canvas: np.ndarray) -> np.ndarray:
    canvas = _fill(canvas, FRINGE, HAIR)
    for shift in range(0, 150, 26):
        lock: Curve = [(325 + shift * 0.5, 350 - shift * 0.25), (400 + shift, 215 - shift * 0.2),
                       (520 + shift, 190 + shift * 0.2), (405 + shift, 226 - shift * 0.2)]  # fmt: skip
        canvas = _fill(canvas, lock, HAIR_LIGHT, 5, 0.75, FRINGE)
    return canvas


def _fill(
    canvas: np.ndarray,
    curve: Curve,
    colour: Colour,
    soft: float = 1.0,
    strength: float = 1.0,
    inside: Curve | None = None,
) -> np.ndarray:
    """Return the canvas with the closed curve filled; `soft` blurs its edge; it stays within `inside`."""
    share = cv2.GaussianBlur(_area(curve), (0, 0), soft * SIDE_PX / 1000) * strength
    if inside is not None:
        share = share * _area(inside)
    return canvas * (1 - share[..., None]) + np.array(colour) * share[..., None]


def _area(curve: Curve) -> np.ndarray:
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    points = (_smooth(np.array(curve, np.float64)) * SIDE_PX / 1000 * 16).round().astype(np.int32)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _smooth(points: np.ndarray) -> np.ndarray:
    """Return a closed Catmull-Rom curve through the points."""
    before, after, beyond = np.roll(points, 1, 0), np.roll(points, -1, 0), np.roll(points, -2, 0)
    t = np.linspace(0, 1, 16, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (p[:, None] for p in (before, points, after, beyond))
    cubic = (3 * p1 - p0 - 3 * p2 + p3) * t**3 + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (p2 - p0) * t + 2 * p1
    return (cubic / 2).reshape(-1, 2)


def _ellipse(centre: tuple[float, float], half_width: float, half_height: float) -> Curve:
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return [(centre[0] + half_width * float(np.cos(a)), centre[1] + half_height * float(np.sin(a))) for a in angles]


def _mirror(curve: Curve) -> Curve:
    return [(1000 - x, y) for x, y in curve]


def _both_sides(half: Curve) -> Curve:
    """Return a closed curve from its right half, which starts and ends on the middle line."""
    return half + _mirror(half)[-2:0:-1]


if __name__ == "__main__":
    main()
