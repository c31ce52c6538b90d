"""Portrait packs: what they may say, and what is refused by name."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import SourceError
from realtime.frames import Background
from realtime.portraits.grounds import Grounds
from realtime.portraits.pack import portraits_in
from realtime.portraits.portrait import open_portrait

RIGHT_HALF = 'crop = [0.5, 0.0, 0.5]\ngain = 0.8\nconsent = "drawn for the tests"\n'


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A folder with a picture, black on the left and white on the right, and wishes for it."""
    folder = tmp_path / "pack"
    folder.mkdir()
    pixels = np.zeros((80, 160, 3), np.uint8)
    pixels[:, 80:] = 255
    (folder / "face.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    (folder / "portrait.toml").write_text(RIGHT_HALF)
    return folder


def test_a_pack_brings_its_picture_and_wishes(pack: Path) -> None:
    portrait = open_portrait(pack, 64, None)
    assert portrait.name == "pack"
    assert portrait.square.shape == (64, 64, 3)
    assert (portrait.square == 255).all()
    assert portrait.wishes.gain == 0.8
    assert portrait.wishes.consent == "drawn for the tests"


def test_a_pack_may_wish_a_colour_or_a_picture_beside_it(pack: Path) -> None:
    (pack / "portrait.toml").write_text('background = "#102030"')
    around = open_portrait(pack, 64, None).surroundings
    assert around.background is not None and around.background.colour == (16, 32, 48)
    (pack / "wall.png").write_bytes(cv2.imencode(".png", np.full((9, 16, 3), 7, np.uint8))[1].tobytes())
    (pack / "portrait.toml").write_text('background = "wall.png"')  # no second portrait
    around = open_portrait(pack, 64, None).surroundings
    assert around.background is not None and around.background.picture is not None
    assert (around.background.picture == 7).all()


def test_the_surroundings_are_the_whole_picture_and_where_its_square_is(pack: Path) -> None:
    around = open_portrait(pack, 64, None).surroundings
    assert around.picture.shape == (80, 160, 3)
    assert (around.left_px, around.top_px, around.side_px) == (80, 0, 80)
    assert around.background is None


def test_pictures_and_packs_are_portraits(pack: Path) -> None:
    (pack.parent / "a.JPG").touch()
    (pack.parent / "folder").mkdir()
    assert [path.name for path in portraits_in(pack.parent)] == ["a.JPG", "pack"]


BAD = {
    "not TOML": ("gain: 1", "portrait.toml: not TOML"),
    "unknown wish": ("gian = 1.0", "portrait.toml: gian"),
    "out of range": ("gain = -1", "portrait.toml: gain"),
    "another folder": ('image = "../face.png"', "not a plain file name"),
    "missing background": ('background = "gone.png"', "gone.png: cannot be read"),
    "background elsewhere": ('background = "/etc/wall.png"', "not a plain file name"),
    "missing picture": ('image = "gone.png"', "gone.png: cannot be read"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_pack_is_refused_by_name(pack: Path, case: str) -> None:
    text, told = BAD[case]
    (pack / "portrait.toml").write_text(text)
    with pytest.raises(SourceError) as refusal:
        open_portrait(pack, 64, None)
    assert told in refusal.value.message
    assert "pack" in refusal.value.message
    assert refusal.value.hint


def test_a_folder_that_is_no_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"portrait\.toml in it cannot be read"):
        open_portrait(tmp_path, 64, None)


def test_a_huge_picture_is_kept_small(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(cv2.imencode(".png", np.zeros((2000, 3000, 3), np.uint8))[1].tobytes())
    assert max(open_portrait(path, 64, None).picture.shape) == 1280


def test_a_cut_out_person_stands_before_what_is_wished(pack: Path) -> None:
    """Opaque on the left, half transparent in the middle, transparent on the right, where the file says blue."""
    cut_out = np.zeros((80, 120, 4), np.uint8)
    cut_out[:, :, :3] = (200, 0, 0)
    cut_out[:, :40] = (100, 100, 100, 255)
    cut_out[:, 40:80, 3] = 51  # a fifth
    (pack / "face.png").write_bytes(cv2.imencode(".png", cut_out)[1].tobytes())
    (pack / "portrait.toml").write_text('background = "#0a6400"')
    wished = open_portrait(pack, 64, None).picture
    assert wished[40, 20].tolist() == [100, 100, 100]
    assert wished[40, 60].tolist() == [8, 80, 40]
    assert wished[40, 100].tolist() == [10, 100, 0]
    users = open_portrait(pack, 64, None, grounds=Grounds(Background(colour=(1, 2, 3)))).picture
    assert users[40, 100].tolist() == [1, 2, 3], "the user's wish goes before the pack's"
    pictured = open_portrait(
        pack, 64, None, grounds=Grounds(Background(picture=np.full((9, 9, 3), 70, np.uint8)))
    ).picture
    assert pictured[40, 100].tolist() == [70, 70, 70]
    (pack / "portrait.toml").write_text("")
    assert open_portrait(pack, 64, None).picture[40, 100].tolist() == [96, 96, 96]


def test_sixteen_bits_and_an_opaque_picture_are_read_too(pack: Path) -> None:
    deep = np.zeros((80, 80, 4), np.uint16)
    deep[..., 2], deep[..., 3] = 65535, 65535
    deep[:, 40:, 3] = 0
    (pack / "face.png").write_bytes(cv2.imencode(".png", deep)[1].tobytes())
    (pack / "portrait.toml").write_text('background = "#0000ff"')
    picture = open_portrait(pack, 64, None).picture
    assert picture[40, 20].tolist() == [255, 0, 0] and picture[40, 60].tolist() == [0, 0, 255]
