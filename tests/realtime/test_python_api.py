"""The Python API: the documentation's own example, run as it stands there."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import realtime
from realtime import Animator
from realtime.devices.cameras import open_recorded_camera
from realtime.devices.video_writer import VideoWriter
from realtime.errors import SourceError
from realtime.frames import Size
from realtime.settings import DEFAULT_CLIP, DEFAULT_SOURCE

DOCUMENT = Path(__file__).parents[2] / "docs" / "at-the-wheel.md"
FRAMES = 6


def test_the_documented_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    shutil.copy(DEFAULT_SOURCE, tmp_path / "me.jpg")
    with (
        open_recorded_camera(f"file:{DEFAULT_CLIP}") as clip,
        VideoWriter(tmp_path / "driving.mp4", Size(256, 256), 30) as video,
    ):
        for frame, index in zip(clip.frames(), range(FRAMES), strict=False):
            video.write(np.asarray(cv2.resize(frame.pixels, (256, 256)), np.uint8), index / 30)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(DOCUMENT), "exec"), {})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [int(line[0]) for line in lines] == list(range(FRAMES))
    assert {line[1] for line in lines} == {"True"}
    assert all(20 < float(line[2]) < 235 for line in lines)


def test_the_public_names_are_there_and_no_others() -> None:
    assert {name: getattr(realtime, name).__name__ for name in realtime.__all__} == {
        name: name for name in realtime.__all__
    }
    with pytest.raises(AttributeError, match="no attribute 'Anmator'"):
        realtime.Anmator  # noqa: B018


def test_a_bad_portrait_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.jpg: cannot be read"):
        Animator.open(tmp_path / "gone.jpg")
