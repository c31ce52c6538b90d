"""Settings: defaults, file, flags; and what is refused."""

from pathlib import Path

import pytest

from realtime.errors import SettingsError
from realtime.frames import Size
from realtime.settings import Settings, read_settings


def test_without_flags_everything_has_a_default() -> None:
    assert read_settings([]) == Settings()


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    config = tmp_path / "live.toml"
    config.write_text('camera = "webcam:1"\nmotion = "absolute"\nmax-frames = 9\n')
    settings = read_settings(["--config", str(config), "--camera", "synthetic:"])
    assert (settings.camera, settings.motion, settings.max_frames) == ("synthetic:", "absolute", 9)


@pytest.mark.parametrize("flag", ["--max-frames", "--max_frames"])
def test_hyphens_and_underscores_are_the_same(flag: str) -> None:
    assert read_settings([flag, "3"]).max_frames == read_settings([f"{flag}=3"]).max_frames == 3


def test_values_keep_their_underscores() -> None:
    assert read_settings(["--source=my_face.jpg"]).source == Path("my_face.jpg")


@pytest.mark.parametrize(("flags", "smoothing"), [([], True), (["--no-smoothing"], False), (["--smoothing"], True)])
def test_switches_turn_on_and_off(flags: list[str], smoothing: bool) -> None:
    assert read_settings(flags).smoothing is smoothing


REFUSED = {
    "unknown flag": (["--colour"], "--colour"),
    "shortened flag": (["--sour", "x"], "--sour"),
    "missing value": (["--camera"], "--camera"),
    "unknown choice": (["--motion", "sideways"], "sideways"),
    "not a number": (["--threads", "many"], "--threads"),
    "too few threads": (["--threads", "0"], "threads"),
    "no time": (["--seconds", "-1"], "seconds"),
    "odd size": (["--output-size", "641x480"], "output_size"),
    "no size": (["--camera-size", "large"], "camera_size"),
    "no pixel format": (["--camera-format", "motion-jpeg"], "camera_format"),
    "no latency": (["--max-latency", "soon"], "max_latency"),
    "latency beyond reach": (["--max-latency", "1ms"], "max_latency"),
    "missing file": (["--config", "nowhere.toml"], "nowhere.toml: cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_flags_are_refused(case: str) -> None:
    flags, told = REFUSED[case]
    with pytest.raises(SettingsError) as refusal:
        read_settings(flags)
    assert told in refusal.value.message
    assert refusal.value.hint


def test_a_misspelt_key_is_named_with_the_nearest_right_one(tmp_path: Path) -> None:
    config = tmp_path / "live.toml"
    config.write_text('camra = "webcam:1"\n')
    with pytest.raises(SettingsError, match=r"live\.toml: unknown setting 'camra'") as refusal:
        read_settings(["--config", str(config)])
    assert refusal.value.hint == "did you mean camera?"


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "live.toml"
    config.write_text("camera: webcam\n")
    with pytest.raises(SettingsError, match="not TOML"):
        read_settings(["--config", str(config)])


def test_sizes_times_and_several_sinks_are_read() -> None:
    flags = ["--output-size", "1280x720", "--max-latency", "80ms", "--sink", "virtualcam:", "--sink", "file:a.mp4"]
    settings = read_settings(flags)
    assert settings.output_size == Size(1280, 720)
    assert (settings.max_latency, settings.sink) == (0.08, ("virtualcam:", "file:a.mp4"))
