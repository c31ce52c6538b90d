from pathlib import Path

import numpy as np
import pytest

from realtime.errors import DeviceError
from realtime.output.screenshots import require_folder, save_screenshot
from realtime.portraits.picture_file import read_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


def test_pictures_of_one_second_are_all_kept_as_they_were(tmp_path: Path) -> None:
    folder = tmp_path / "pictures" / "of today"
    files = {save_screenshot(shade, folder) for shade in (PIXELS, 255 - PIXELS, PIXELS)}
    assert len(files) == 3
    found = [read_picture(file) for file in folder.iterdir()]
    assert sum(np.array_equal(picture, PIXELS) for picture in found) == 2
    assert sum(np.array_equal(picture, 255 - PIXELS) for picture in found) == 1


def test_a_file_in_the_folders_place_is_refused_before_and_after(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for attempt in (lambda: require_folder(file), lambda: save_screenshot(PIXELS, file)):
        with pytest.raises(DeviceError, match="file: ") as refusal:
            attempt()
        assert "--screenshots" in refusal.value.hint
    assert file.read_text() == "mine"
    require_folder(tmp_path)
    require_folder(tmp_path / "not there yet")
