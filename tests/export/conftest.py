"""A checkpoint, a clip to calibrate on, and the bundle made of both."""

from pathlib import Path

import numpy as np
import pytest

from export.__main__ import main
from models.checkpoint import save_checkpoint
from realtime.devices.video_writer import VideoWriter
from realtime.frames import Size
from tests.export.trained_looking import trained_looking


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "xs.safetensors"
    save_checkpoint(
        path,
        trained_looking("live-xs"),
        {
            "preset": "live-xs",
            "steps": 5,
            "data": "discs",
            "parts": {"face": [0, 1, 2], "hair": [3]},
            "openings": [[1, 2]],
            "depths": [0.5, 0.0, -0.5],
            "mirrors": [[0, 2]],
            "hair_depths": [[-1.0, -0.5]],
        },
    )
    return path


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip to calibrate on: a source, and three frames each for calibration and for judging."""
    folder = tmp_path_factory.mktemp("footage")
    generator = np.random.default_rng(0)
    with VideoWriter(folder / "clip.mp4", Size(64, 64), 25.0) as video:
        for index in range(7):
            # All brightnesses, as pictures have them: of two alone, int8 would learn too narrow ranges.
            pixels = np.kron(generator.integers(0, 256, (16, 16, 3)), np.ones((4, 4, 1))).astype(np.uint8)
            pixels[24:40, 4 + 4 * index : 20 + 4 * index] = 220
            video.write(pixels, index / 25.0)
    return folder


@pytest.fixture(scope="session")
def bundle_folder(checkpoint: Path, footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "portrait-xs"
    flags = ["--precision", "fp32,fp16,int8", "--split", "--calibration", str(footage)]
    assert main([str(checkpoint), str(folder), *flags]) == 0
    return folder
