"""The whole portrait with the animated square pasted in: where it goes, and that no seam shows."""

import numpy as np
import pytest

from realtime.frames import AnimatedFrame, Background, Part, Pixels, Place, Sides, Size, Surroundings
from realtime.output.canvas import Canvas, natural_size

HD = Size(1280, 720)
BLACK = Background(colour=(0, 0, 0))


def _frame(
    level: int, around: Surroundings, mirrored: bool = False, part: Part = "portrait", held: bool = False
) -> AnimatedFrame:
    square, resting = (np.full((64, 64, 3), light, np.uint8) for light in (level, 100))
    return AnimatedFrame(square, resting, 0, 0.0, True, mirrored, around, part, held)


def _shown(level: int, around: Surroundings, size: Size = HD) -> tuple[Pixels, Place]:
    canvas, frame = Canvas(size, badge=False, background=BLACK), _frame(level, around)
    return canvas.portrait(frame), canvas.square(frame)


def _plain(height: int, width: int, left: float, top: float, side: float) -> Surroundings:
    return Surroundings(np.full((height, width, 3), 100, np.uint8), left, top, side)


def test_the_square_lies_where_it_was_cut_out() -> None:
    """A portrait of 800x900 is shown at 640x720, 320 from the left: 0.8 times its size."""
    picture, square = _shown(200, _plain(900, 800, 300, 100, 250))
    assert square == Place(320 + 240, 80, 200, 200)
    inner = 24  # 0.12 of 200
    assert (picture[80 + inner : 280 - inner, 560 + inner : 760 - inner] == 200).all()
    outside = picture.copy()
    outside[80:280, 560:760] = 100
    assert (outside[:, 320:960] == 100).all(), "around the square the portrait is kept"
    assert not outside[:, :320].any() and not outside[:, 960:].any()


def test_the_seam_has_no_step() -> None:
    """From the still picture to a square that is 100 levels lighter, no pixel differs by more than 9 from the next."""
    picture, square = _shown(200, _plain(900, 800, 300, 100, 250))
    middle, levels = square.top_px + 100, picture[..., 0].astype(int)
    across, down = levels[middle, 330:950], levels[:, square.left_px + 100]
    for line in (across, down):
        assert np.ptp(line) == 100
        assert np.abs(np.diff(line)).max() <= 9
    rising = across[: len(across) // 2]
    assert (np.diff(rising) >= 0).all()


def test_a_square_that_keeps_still_along_its_border_fades_over_less_of_it() -> None:
    around = _plain(900, 800, 300, 100, 250)
    canvas = Canvas(HD, badge=False, background=BLACK)
    wide = (canvas.portrait(_frame(200, around)) == 200).all(axis=2).sum()
    narrow = (canvas.portrait(_frame(200, around, held=True)) == 200).all(axis=2).sum()
    assert 152**2 <= wide <= 156**2 and 180**2 <= narrow <= 182**2  # 0.12 and 0.05 of 200 on each side


def test_a_picture_goes_on_beyond_its_square_where_it_shows_more() -> None:
    assert _plain(900, 800, 300, 100, 250).beyond == Sides(True, True, True, True)
    assert _plain(300, 400, 0.5, -20, 320).beyond == Sides(right=True)


def test_a_square_like_the_picture_under_it_changes_nothing() -> None:
    around = _plain(600, 500, 120, 90, 300)
    picture, _ = _shown(100, around)
    assert (picture[:, 340:940] == 100).all()


@pytest.mark.parametrize(("left", "top"), [(0.0, 0.0), (-40.0, -30.0)])
def test_where_the_portrait_ends_the_square_does_not_fade(left: float, top: float) -> None:
    picture, square = _shown(200, _plain(720, 720, left, top, 400), Size(720, 720))
    assert (square.left_px, square.top_px) == (left, top)
    assert (picture[: 300 + round(top), : 300 + round(left)] == 200).all(), "up to the edge"
    assert (picture[400:, 400:] == 100).all()
    assert 100 < picture[100, 390 + round(left), 0] < 200, "but on the other sides it does"


def test_a_square_beyond_every_edge_is_all_there_is() -> None:
    picture, square = _shown(200, _plain(400, 400, -100, -100, 600), Size(400, 400))
    assert square == Place(-100, -100, 600, 600)
    assert (picture == 200).all()


def test_a_mirrored_portrait_is_mirrored_as_a_whole() -> None:
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[:, :100] = 50
    turned = Surroundings(picture, 20, 40, 120).mirrored()
    assert (turned.left_px, turned.top_px, turned.side_px) == (260, 40, 120)
    canvas = Canvas(Size(400, 400), badge=False, background=BLACK)
    frame = _frame(200, turned, mirrored=True)
    shown = canvas.portrait(frame)
    assert (shown[200:, 300:] == 50).all() and not shown[200:, :300].any()
    assert canvas.square(frame) == Place(260, 40, 120, 120, mirrored=True)
    assert (shown[80:120, 300:340] == 200).all()


def test_the_owners_background_is_shown_unless_the_user_wishes_another() -> None:
    around = Surroundings(np.full((64, 64, 3), 100, np.uint8), 0, 0, 64, Background(colour=(1, 2, 3)))
    frame = _frame(200, around, part="square")
    assert Canvas(HD).portrait(frame)[0, 0].tolist() == [1, 2, 3]
    assert Canvas(HD, background=BLACK).portrait(frame)[0, 0].tolist() == [0, 0, 0]


def test_an_output_of_ones_own_size_is_the_pictures_or_the_squares() -> None:
    around = _plain(301, 401, 20, 30, 100)
    assert natural_size(_frame(200, around)) == Size(400, 300)
    assert natural_size(_frame(200, around, part="square")) == Size(64, 64)


def test_of_a_square_that_reaches_outside_only_what_the_picture_has_is_shown() -> None:
    """A square of 80 about a picture of 60x80, 10 beyond it at the top and on both sides: its rim is made up."""
    square = np.zeros((64, 64, 3), np.uint8)
    square[8:, 8:56] = 200
    around = _plain(90, 60, -10, -10, 80)
    frame = AnimatedFrame(square, np.full_like(square, 100), 0, 0.0, True, False, around)
    assert natural_size(frame) == Size(54, 64)  # the proportions of what is shown
    own = Canvas(Size(48, 56), badge=False)
    assert (own.portrait(frame) == 200).all()
    assert own.square(frame) == Place(-8, -8, 64, 64)
    wide = Canvas(Size(960, 560), badge=False, background=BLACK)
    lit = wide.portrait(frame)[..., 0]
    assert (lit[40:-40, 280:680] == 200).all() and lit[:, 240:720].all()
    assert not lit[:, :240].any() and not lit[:, 720:].any()


def test_a_square_that_lies_beside_its_picture_is_shown_as_it_is() -> None:
    around = _plain(60, 60, 60, 0, 64)
    assert around.within_square() is None
    assert (Canvas(Size(64, 64), badge=False).portrait(_frame(200, around, part="square")) == 200).all()
