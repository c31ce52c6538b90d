"""Raw footage to clips, with footage made of the driving clip and a portrait that ship."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from realtime.faces.detector import FaceBox, FaceDetector
from training.clips import Pixels, decode_clip
from training.footage import read_footage
from training.prepare import main, prepare

RATE_HZ = 25
HEIGHT, WIDTH = 360, 640
DRIVING = Path("assets/driving/default.mp4")


def driven(left: int, top: int, side: int, frames: int) -> Iterator[Pixels]:
    """The driving clip, small, somewhere in a larger grey picture."""
    for pixels in islice(read_footage(DRIVING), frames):
        picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        picture[top : top + side, left : left + side] = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
        yield picture


def still(left: int, top: int, side: int, frames: int) -> Iterator[Pixels]:
    """The first frame of the same, held."""
    (picture,) = driven(left, top, side, 1)
    return iter([picture] * frames)


def nobody(frames: int) -> Iterator[Pixels]:
    """A ramp that drifts."""
    ramp = np.tile(np.linspace(0, 200, WIDTH, dtype=np.uint8), (HEIGHT, 1))
    return (np.repeat(np.roll(ramp, 3 * t, axis=1)[..., None], 3, axis=2) for t in range(frames))


def write_footage(path: Path, *shots: Iterator[Pixels]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for shot in shots:
            for picture in shot:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    shots = driven(20, 40, 300, 50), nobody(30), still(300, 30, 320, 40), driven(330, 50, 280, 40)
    write_footage(folder / "holiday" / "phone.mp4", *shots)
    (folder / "broken.mov").write_bytes(b"no video")
    return folder


def test_footage_becomes_framed_clips_and_a_report(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(raw), str(tmp_path)]) == 0
    clips = sorted((tmp_path / "clips").iterdir())
    assert [clip.name for clip in clips] == ["holiday-phone_000.mp4", "holiday-phone_002.mp4"]
    detector = FaceDetector()
    for clip, frames in zip(clips, (50, 40), strict=True):
        pixels = decode_clip(clip, 256)
        assert abs(len(pixels) - frames) <= 1
        (face,) = detector.detect(pixels[0])
        assert face.left_px + face.width_px / 2 == pytest.approx(128, abs=15)
        assert (face.width_px * face.height_px) ** 0.5 / 256 == pytest.approx(0.532, abs=0.08)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["videos"] == 2 and report["clips"] == 2
    assert report["dropped"].keys() == {"no face", "too still"}
    assert report["dropped"]["no face"]["seconds"] == pytest.approx(1.2, abs=0.1)
    assert len(report["unreadable"]) == 1 and "broken.mov" in report["unreadable"][0]
    printed = capsys.readouterr().out
    assert "too still" in printed and "2 clips" in printed


class OneFace:
    """Sees the same face wherever it looks, and counts its looks."""

    def __init__(self) -> None:
        self.looks = 0

    def detect(self, pixels: Pixels) -> tuple[FaceBox, ...]:
        self.looks += 1
        return (FaceBox(100, 100, 120, 120, 0.99),)


class Interrupted(OneFace):
    """Sees the same, until the user has enough."""

    def detect(self, pixels: Pixels) -> tuple[FaceBox, ...]:
        if self.looks == 12:
            raise KeyboardInterrupt
        return super().detect(pixels)


def test_an_interrupted_preparation_continues_with_the_video_it_was_at(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_footage(tmp_path / "raw" / f"{name}.mp4", driven(20, 40, 300, 60))
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path / "raw", tmp_path / "out", Interrupted())
    written = {clip.name: clip.stat().st_mtime_ns for clip in (tmp_path / "out" / "clips").iterdir()}
    assert list(written) == ["a_000.mp4"]
    again = OneFace()
    records = prepare(tmp_path / "raw", tmp_path / "out", again)
    assert again.looks == 10
    assert [list(record.clips) for record in records] == [["a_000"], ["b_000"]]
    assert (tmp_path / "out" / "clips" / "a_000.mp4").stat().st_mtime_ns == written["a_000.mp4"]


def test_blurred_footage_is_dropped(tmp_path: Path) -> None:
    blurred = (cv2.GaussianBlur(picture, (0, 0), 8) for picture in driven(20, 40, 300, 40))
    write_footage(tmp_path / "raw" / "a.mp4", (np.asarray(picture, np.uint8) for picture in blurred))
    (record,) = prepare(tmp_path / "raw", tmp_path / "out", OneFace())
    assert not record.clips and [part.reason for part in record.dropped] == ["too blurred"]


@pytest.mark.parametrize(("name", "expected"), [("", "no video found"), ("missing", "no such folder")])
def test_folders_without_footage_are_named(
    tmp_path: Path, name: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / name), str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert expected in error and str(tmp_path / name) in error
    assert not (tmp_path / "out").exists()


def test_a_file_is_not_taken_for_the_folder_of_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, diary = tmp_path / "raw", tmp_path / "diary.txt"
    raw.mkdir()
    (raw / "talk.mp4").touch()
    diary.write_text("mine")
    assert main([str(raw), str(diary)]) == 2
    assert f"Not a directory: '{diary / 'clips'}'; name a folder" in capsys.readouterr().err
    assert diary.read_text() == "mine"


def test_footage_without_a_face_gives_no_clip_and_says_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_footage(tmp_path / "raw" / "a.mp4", nobody(30))
    assert main([str(tmp_path / "raw"), str(tmp_path / "out")]) == 2
    assert "not one clip" in capsys.readouterr().err


def test_videos_whose_clips_would_share_names_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for suffix in ("mp4", "mkv"):
        write_footage(tmp_path / "raw" / f"a.{suffix}", nobody(2))
    assert main([str(tmp_path / "raw"), str(tmp_path / "out")]) == 2
    assert "rename one" in capsys.readouterr().err
