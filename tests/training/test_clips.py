"""Reading clips: every format, and what is done with broken ones."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.clip_files import disc_frames, write_frame_folder, write_gif, write_stacked_png, write_video
from training.clips import ClipError, decode_clip, find_clips
from training.frame_cache import open_frame_cache


def test_every_format_is_found_and_decoded(tmp_path: Path) -> None:
    frames = disc_frames(8, 64, seed=1)
    write_stacked_png(tmp_path / "a" / "stacked.png", frames)
    write_frame_folder(tmp_path / "b" / "folder", frames)
    write_video(tmp_path / "c" / "video.mp4", frames)
    write_gif(tmp_path / "d" / "loop.gif", frames)
    clips = find_clips([tmp_path])
    assert [clip.name for clip in clips] == ["stacked.png", "folder", "video.mp4", "loop.gif"]
    for clip, tolerance in zip(clips, (0, 0, 12, 40), strict=True):
        decoded = decode_clip(clip, 64)
        assert decoded.shape == frames.shape
        assert np.abs(decoded.astype(int) - frames).mean() <= tolerance


def test_stride_and_size_are_applied(tmp_path: Path) -> None:
    write_stacked_png(tmp_path / "a.png", disc_frames(9, 64, seed=2))
    assert decode_clip(tmp_path / "a.png", 32, stride=4).shape == (3, 32, 32, 3)


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=tmp_path.name):
        find_clips([tmp_path])
    with pytest.raises(ClipError, match="missing"):
        find_clips([tmp_path / "missing"])


def test_few_broken_clips_are_left_out(tmp_path: Path) -> None:
    for index in range(20):
        write_stacked_png(tmp_path / "clips" / f"{index:02d}.png", disc_frames(3, 16, seed=index))
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"not a video")
    cache = open_frame_cache([tmp_path / "clips"], 16, 1, tmp_path / "cache")
    assert cache.clip_count == 20 and "broken" not in cache.names
    np.testing.assert_array_equal(cache.clip(7), decode_clip(tmp_path / "clips" / "07.png", 16))


def test_empty_and_cut_off_pictures_beside_stacked_ones_are_left_out_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for index in range(40):
        write_stacked_png(tmp_path / "clips" / f"{index:02d}.png", disc_frames(3, 16, seed=index))
    (tmp_path / "clips" / "empty.png").write_bytes(b"")
    whole = (tmp_path / "clips" / "00.png").read_bytes()
    (tmp_path / "clips" / "short.png").write_bytes(whole[:30])
    cache = open_frame_cache([tmp_path / "clips"], 16, 1, tmp_path / "cache")
    assert cache.clip_count == 40
    assert "empty.png" in caplog.text and "short.png" in caplog.text


def test_many_broken_clips_stop_the_run_and_leave_no_cache(tmp_path: Path) -> None:
    for index in range(3):
        write_stacked_png(tmp_path / "clips" / f"{index}.png", disc_frames(3, 16, seed=index))
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"not a video")
    with pytest.raises(ClipError, match="1 of 4 clips"):
        open_frame_cache([tmp_path / "clips"], 16, 1, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_a_second_opening_decodes_nothing(tmp_path: Path) -> None:
    write_stacked_png(tmp_path / "clips" / "a.png", disc_frames(3, 16, seed=0))
    first = open_frame_cache([tmp_path / "clips"], 16, 1, tmp_path / "cache")
    written = [(path.name, path.stat().st_mtime_ns) for path in sorted((tmp_path / "cache").iterdir())]
    second = open_frame_cache([tmp_path / "clips"], 16, 1, tmp_path / "cache")
    assert [(p.name, p.stat().st_mtime_ns) for p in sorted((tmp_path / "cache").iterdir())] == written
    np.testing.assert_array_equal(first.frames, second.frames)
