"""Fixtures shared by all tests: a tiny bundle, a clip with a moving patch, a picture with a drawn face."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.bundle import Bundle, open_bundle
from realtime.devices.video_writer import VideoWriter
from realtime.frames import Size
from tests.tiny_bundle import SIZE, write_tiny_bundle

CLIP_FRAMES = 20
CLIP_RATE_HZ = 25.0


@pytest.fixture(autouse=True)
def _no_settings_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tester's own live.toml and saved poses must not change a test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-settings"))


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A valid bundle that no test may change."""
    return open_bundle(write_tiny_bundle(tmp_path_factory.mktemp("bundle")))


@pytest.fixture
def own_bundle(tmp_path: Path) -> Path:
    """A valid bundle's folder for one test to damage."""
    return write_tiny_bundle(tmp_path / "own-bundle")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames at 25 fps: a bright square moves right over grey."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with VideoWriter(path, Size(SIZE, SIZE), CLIP_RATE_HZ) as video:
        for index in range(CLIP_FRAMES):
            pixels = np.full((SIZE, SIZE, 3), 60, np.uint8)
            pixels[24:40, 4 + 2 * index : 20 + 2 * index] = 220
            video.write(pixels, index / CLIP_RATE_HZ)
    return path


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain 96x80 PNG without a face."""
    path = tmp_path_factory.mktemp("picture") / "plain.png"
    pixels = np.full((80, 96, 3), (90, 120, 150), np.uint8)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path
