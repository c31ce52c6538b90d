"""Fixtures of the training tests."""

from pathlib import Path

import pytest

from tests.training.clip_files import disc_frames, write_stacked_png


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for index in range(6):
        write_stacked_png(folder / f"{index}.png", disc_frames(24, 64, seed=index))
    return folder
