"""`run_live.py animate`: every frame, the clip's rate and sound, several at once, and what is refused."""

import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import run_live
from realtime.bundle import Bundle, open_bundle
from realtime.engines.automatic import EngineWish, candidates_for, choose_engine
from realtime.engines.trials import Trial, read_trials, record_path, write_trials
from realtime.errors import EngineError, SettingsError
from realtime.manifest import Parity
from realtime.offline.animate import planned
from realtime.settings import DEFAULT_SOURCE
from tests.conftest import CLIP_FRAMES, CLIP_RATE_HZ
from tests.realtime.portraits.test_gallery import write_picture
from tests.recordings import recorded_frames

ROOT = Path(__file__).parents[3]
SOUND_HZ, TONE_HZ = 48_000, 440.0


def write_sounding_clip(path: Path, clip: Path, codec: str) -> None:
    """clip with a tone as long as it, encoded by codec."""
    with av.open(str(clip)) as pictures, av.open(str(path), "w") as out:
        shown = pictures.streams.video[0]
        copied = out.add_stream_from_template(shown)
        sound = out.add_stream(codec, rate=SOUND_HZ, layout="mono")
        assert isinstance(sound, av.AudioStream)
        for packet in pictures.demux(shown):
            if packet.dts is not None:
                packet.stream = copied
                out.mux(packet)
        for start in range(0, round(CLIP_FRAMES / CLIP_RATE_HZ * SOUND_HZ), 1024):
            wave = 0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(start, start + 1024) / SOUND_HZ)
            if codec == "aac":
                frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="fltp", layout="mono")
            else:
                frame = av.AudioFrame.from_ndarray((wave * 32767).astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = SOUND_HZ, start
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))


def heard(path: Path) -> np.ndarray:
    """The samples of a video's sound [n]."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.fixture
def flags(tiny_bundle: Bundle, picture: Path, clip: Path) -> list[str]:
    return [
        "animate",
        "--bundle",
        str(tiny_bundle.path),
        "--crop",
        "none",
        "--source",
        str(picture),
        "--driving",
        str(clip),
    ]


def _instead(flags: list[str], flag: str, value: object) -> list[str]:
    """`flags` with another value of `flag`."""
    place = flags.index(flag) + 1
    return [*flags[:place], str(value), *flags[place + 1 :]]


def _times(path: Path) -> list[float]:
    return [frame.captured_at for frame in recorded_frames(path)]


def test_every_frame_is_animated_at_the_clips_rate(flags: list[str], tmp_path: Path) -> None:
    output = tmp_path / "new" / "out.mp4"
    assert run_live.main([*flags, "--output", str(output), "--no-badge"]) == 0
    frames = recorded_frames(output)
    assert [frame.captured_at for frame in frames] == pytest.approx(
        [index / CLIP_RATE_HZ for index in range(CLIP_FRAMES)], abs=1e-3
    )
    assert frames[-1].pixels.mean() > frames[0].pixels.mean() + 5  # the square moves right, the portrait brightens
    assert [path.name for path in output.parent.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize(("codec", "suffix"), [("aac", ".mp4"), ("pcm_s16le", ".mov")])
def test_the_sound_is_carried_over(flags: list[str], tmp_path: Path, clip: Path, codec: str, suffix: str) -> None:
    sounding, output = tmp_path / f"sounding{suffix}", tmp_path / "out.mp4"
    write_sounding_clip(sounding, clip, codec)
    assert run_live.main([*_instead(flags, "--driving", sounding), "--output", str(output)]) == 0
    assert len(_times(output)) == CLIP_FRAMES
    samples = heard(output)
    assert len(samples) / SOUND_HZ == pytest.approx(CLIP_FRAMES / CLIP_RATE_HZ, abs=0.06)
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    loudest_hz = np.fft.rfftfreq(len(middle), 1 / SOUND_HZ)[np.abs(np.fft.rfft(middle)).argmax()]
    assert loudest_hz == pytest.approx(TONE_HZ, abs=10)


def test_the_sound_can_be_left_out(flags: list[str], tmp_path: Path, clip: Path) -> None:
    sounding, output = tmp_path / "sounding.mp4", tmp_path / "out.mp4"
    write_sounding_clip(sounding, clip, "aac")
    assert run_live.main([*_instead(flags, "--driving", sounding), "--output", str(output), "--no-audio"]) == 0
    with av.open(str(output)) as container:
        assert not container.streams.audio


def test_a_gif_holds_every_frame(flags: list[str], tmp_path: Path) -> None:
    output = tmp_path / "out.gif"
    assert run_live.main([*flags, "--output", str(output)]) == 0
    frames = recorded_frames(output)
    assert len(frames) == CLIP_FRAMES
    assert frames[10].captured_at == pytest.approx(10 / CLIP_RATE_HZ, abs=0.011)
    assert frames[0].pixels[8, 8] == pytest.approx([150, 120, 90], abs=8)


def test_side_by_side_shows_the_driver_on_the_left(flags: list[str], tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    assert run_live.main([*flags, "--output", str(output), "--side-by-side", "--no-badge"]) == 0
    first = recorded_frames(output)[0].pixels
    assert first.shape == (64, 128, 3)
    assert first[32, 12].mean() == pytest.approx(220, abs=8)  # the driving clip's bright square
    assert first[32, 96] == pytest.approx([150, 120, 90], abs=8)


def test_the_whole_portrait_is_shown_around_the_square(flags: list[str], tmp_path: Path) -> None:
    picture, output = tmp_path / "wide.png", tmp_path / "out.mp4"
    levels = np.full((64, 160, 3), 60, np.uint8)
    levels[:, 48:112] = 120  # what the centre square shows
    picture.write_bytes(cv2.imencode(".png", levels)[1].tobytes())
    wishes = ["--picture", "portrait", "--background", "#c80000", "--size", "160x128", "--no-badge"]
    flags = _instead(flags, "--source", picture)
    assert run_live.main([*flags, "--output", str(output), *wishes]) == 0
    last = recorded_frames(output)[-1].pixels
    assert last[8, 80] == pytest.approx([200, 0, 0], abs=12) == last[120, 80]
    assert last[64, 8] == pytest.approx([60] * 3, abs=6) == last[64, 152]
    assert last[64, 80].mean() > 130, "the square moves, brightening"
    assert run_live.main([*flags, "--output", str(output), "--picture", "portrait"]) == 0
    assert recorded_frames(output)[0].pixels.shape == (64, 160, 3)


def test_of_a_square_beyond_its_picture_the_video_shows_what_the_picture_has(flags: list[str], tmp_path: Path) -> None:
    """A pack asks for a square as wide as a picture that is half as high: the lower half would be made up."""
    pack, output = tmp_path / "pack", tmp_path / "out.mp4"
    pack.mkdir()
    (pack / "portrait.png").write_bytes(cv2.imencode(".png", np.full((64, 128, 3), 120, np.uint8))[1].tobytes())
    (pack / "portrait.toml").write_text("crop = [0.0, 0.0, 1.0]")
    assert run_live.main([*_instead(flags, "--source", pack), "--output", str(output), "--no-badge"]) == 0
    frames = recorded_frames(output)
    assert [frame.pixels.shape for frame in frames] == [(32, 64, 3)] * CLIP_FRAMES
    assert frames[-1].pixels.mean() > 130, "the square moves, brightening"


def test_what_is_behind_the_person_is_replaced(flags: list[str], tmp_path: Path) -> None:
    """The astronaut's centre square shows her face; the tiny model moves little, its square is the portrait's."""
    output, wishes = tmp_path / "out.mp4", ["--picture", "portrait", "--size", "256x256", "--no-badge"]
    flags, corners = _instead(flags, "--source", DEFAULT_SOURCE), {}
    for behind in ("keep", "#00b140"):
        assert run_live.main([*flags, "--output", str(output), "--behind", behind, *wishes]) == 0
        corners[behind] = recorded_frames(output)[0].pixels[2:8, 2:8].mean(axis=(0, 1))
    assert corners["#00b140"] == pytest.approx([0, 177, 64], abs=30)
    assert np.abs(corners["keep"] - [0, 177, 64]).max() > 60


def test_auto_takes_the_engine_remembered_for_this_machine(flags: list[str], tmp_path: Path, clip: Path) -> None:
    """As when live: what was measured once is not measured again, and a worse engine is not taken."""
    bundle, cache = open_bundle(Path(flags[2])), tmp_path / "cache"
    wish = EngineWish(threads=1)
    refused = [Trial(engine=e, precision=p, complaint="not now") for e, p in candidates_for(wish, bundle)]
    good = Parity(largest_difference=0.0, keypoint_px=0.1, image_psnr_db=50.0)
    best = Trial(engine="onnx-cpu", precision="fp32", frame_ms=1.0, parity=good)
    path = record_path(cache, bundle, 1)
    write_trials(path, [*(trial for trial in refused if trial.engine != "onnx-cpu"), best])
    before = path.stat().st_mtime_ns
    auto = ["--engine", "auto", "--threads", "1", "--cache", str(cache)]
    assert run_live.main([*flags, *auto, "--output", str(tmp_path / "auto.mp4")]) == 0
    assert len(_times(tmp_path / "auto.mp4")) == CLIP_FRAMES
    assert path.stat().st_mtime_ns == before
    write_trials(path, refused)
    with pytest.raises(EngineError, match="no engine runs this bundle here"):
        choose_engine(wish, bundle, cache)
    assert run_live.main([*flags, *auto, "--output", str(tmp_path / "none.mp4")]) == 2


def test_auto_measures_where_nothing_is_remembered(flags: list[str], tmp_path: Path) -> None:
    auto = ["--engine", "auto", "--threads", "1", "--cache", str(tmp_path / "cache")]
    assert run_live.main([*flags, *auto, "--output", str(tmp_path / "auto.mp4")]) == 0
    measured = read_trials(record_path(tmp_path / "cache", open_bundle(Path(flags[2])), 1))
    assert {"onnx-cpu", "openvino-cpu"} <= {trial.engine for trial in measured}


def test_best_frame_rests_where_the_driver_is_most_like_the_portrait(flags: list[str], tmp_path: Path) -> None:
    """All keypoints of the tiny network coincide, so that every pose is as near as the first: nothing may change."""
    plain, best = tmp_path / "plain.mp4", tmp_path / "best.mp4"
    assert run_live.main([*flags, "--output", str(plain)]) == 0
    assert run_live.main([*flags, "--output", str(best), "--best-frame"]) == 0
    for one, other in zip(recorded_frames(plain), recorded_frames(best), strict=True):
        np.testing.assert_allclose(one.pixels.astype(int), other.pixels, atol=3)


def test_several_are_made_at_once_and_a_bad_one_is_named(
    flags: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, level in (("alba", 60), ("bruno", 120)):
        write_picture(tmp_path / f"{name}.png", level)
    (tmp_path / "carla.png").write_text("not a picture")
    output = tmp_path / "out"
    every = ["--source", str(tmp_path / "bruno.png"), str(tmp_path / "carla.png"), "--jobs", "2"]
    code = run_live.main([*_instead(flags, "--source", tmp_path / "al*.png"), *every, "--output", str(output)])
    told = capfd.readouterr()
    assert code == 2
    assert sorted(path.name for path in output.iterdir()) == ["alba--clip.mp4", "bruno--clip.mp4"]
    assert len(_times(output / "bruno--clip.mp4")) == CLIP_FRAMES
    assert "carla.png: not a picture" in told.err
    assert f"{2 * CLIP_FRAMES} frames in" in told.out


REFUSED = {
    "missing clip": (["--driving", "nowhere.mp4"], "nowhere.mp4"),
    "empty pattern": (["--driving", "nowhere*.mp4"], "no such files"),
    "missing portrait": (["--source", "nowhere.jpg"], "nowhere.jpg: cannot be read"),
    "bad size": (["--size", "big"], "--size big"),
    "unknown flag": (["--colour", "red"], "--colour"),
    "bad background": (["--background", "nowhere.png"], "background nowhere.png: cannot be read"),
    "bad ground behind": (["--behind", "nowhere.png"], "background nowhere.png: cannot be read"),
    "missing bundle": (["--bundle", "nowhere"], "there is no bundle here"),
    "no worker": (["--jobs", "0"], "--jobs: 0 is not a whole number of at least 1"),
    "half a thread": (["--threads", "0.5"], "--threads: 0.5 is not a whole number of at least 1"),
    "endless gain": (["--gain", "nan"], "--gain: nan is not a number from 0 to 3"),
    "too much gain": (["--gain", "3.5"], "--gain: 3.5 is not a number from 0 to 3"),
    "output of sound": (["--output", "nowhere.wav"], "error: nowhere.wav: not a kind of video file"),
    "output that is a device": (["--output", "/dev/null"], "/dev/null: is no folder of videos"),
    "unwritable output": (["--output", "/proc/nowhere/out.mp4"], "/proc/nowhere"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_gives_two_lines_and_exit_code_2(
    flags: list[str], tmp_path: Path, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    more, told = REFUSED[case]
    flags = [*flags, "--output", str(tmp_path / "out.mp4")]
    words = _instead(flags, *more) if more[0] in flags else [*flags, *more]
    assert run_live.main(words) == 2
    printed = capfd.readouterr()
    assert not printed.out
    lines = printed.err.strip().splitlines()
    assert len(lines) == 2, lines
    assert lines[0].startswith("error: ")
    assert told in lines[0]
    assert not (tmp_path / "out.mp4").exists()


def test_an_input_is_not_overwritten(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    with pytest.raises(SettingsError, match="is one of the inputs"):
        planned([str(tmp_path / "me.jpg")], [str(clip)], clip)


def test_several_videos_do_not_replace_a_file(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.touch()
    with pytest.raises(SettingsError, match="is no folder of videos"):
        planned([str(tmp_path / "me.jpg"), str(tmp_path / "you.jpg")], [str(tmp_path / "clip.mp4")], output)


def test_what_two_patterns_find_is_animated_once(picture: Path, clip: Path, tmp_path: Path) -> None:
    sources = [str(picture.with_name("*.png")), str(picture)]
    (job,) = planned(sources, [str(clip)], tmp_path / "out.mp4")
    assert job.source == picture


def test_a_name_that_two_videos_would_have_is_refused(tmp_path: Path) -> None:
    """Portraits of one name in two folders: the second video would silently replace the first."""
    sources = [str(tmp_path / folder / "me.jpg") for folder in ("summer", "winter")]
    with pytest.raises(SettingsError, match=r"summer/me\.jpg with .*winter/me\.jpg with .*: both would become"):
        planned(sources, [str(tmp_path / "clip.mp4")], tmp_path / "out")


def test_an_interrupted_video_leaves_what_was_there(flags: list[str], tmp_path: Path, clip: Path) -> None:
    output, broken = tmp_path / "out.mp4", tmp_path / "broken.mp4"
    output.write_bytes(b"from before")
    broken.write_bytes(clip.read_bytes()[:200])
    words = [*_instead(flags, "--driving", broken), "--output", str(output)]
    command = [sys.executable, str(ROOT / "run_live.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert output.read_bytes() == b"from before"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["broken.mp4", "out.mp4"]
