"""Settings: defaults, file, flags; and what is refused."""

from pathlib import Path

import pytest

from realtime.errors import SettingsError
from realtime.frames import Size
from realtime.settings import DEFAULT_SOURCE, Settings, read_settings
from realtime.settings_files import Places


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
    "too few threads": (["--threads", "0"], "--threads"),
    "no time": (["--seconds", "-1"], "--seconds: "),
    "odd size": (["--output-size", "641x480"], "--output-size: width and height must be even"),
    "no size": (["--camera-size", "large"], "--camera-size: write a size"),
    "no pixel format": (["--camera-format", "motion-jpeg"], "--camera-format: "),
    "no latency": (["--max-latency", "soon"], "--max-latency: write a time"),
    "latency beyond reach": (["--max-latency", "1ms"], "--max-latency"),
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


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Two folders of settings: the user's own and the present one."""
    places = Places(tmp_path / "user", tmp_path / "here")
    (places.user / "profiles").mkdir(parents=True)
    places.here.mkdir()
    return places


def test_each_layer_wins_over_the_one_before(places: Places, tmp_path: Path) -> None:
    (places.user / "live.toml").write_text(
        "gain = 1.1\nmouth-gain = 1.1\neyes_gain = 1.1\nhead-gain = 1.1\nfade = 0.5\n"
    )
    (places.here / "live.toml").write_text("gain = 1.2\nmouth-gain = 1.2\neyes_gain = 1.2\nhead-gain = 1.2\n")
    (places.user / "profiles" / "calm.toml").write_text("gain = 1.3\nmouth-gain = 1.3\neyes_gain = 1.3\n")
    config = tmp_path / "extra.toml"
    config.write_text("gain = 1.4\nmouth-gain = 1.4\n")
    flags = ["--gain", "1.5", "--config", str(config), "--profile", "calm"]
    settings = read_settings(flags, places)
    assert (settings.gain, settings.mouth_gain, settings.eyes_gain) == (1.5, 1.4, 1.3)
    assert (settings.head_gain, settings.fade) == (1.2, 0.5)


def test_without_files_there_are_only_defaults(places: Places) -> None:
    assert read_settings([], places) == Settings()


def test_a_fault_is_named_with_its_file(places: Places) -> None:
    (places.user / "live.toml").write_text("gain = 1.0\n")
    (places.here / "live.toml").write_text("gian = 1.0\n")
    with pytest.raises(SettingsError, match=r"here/live\.toml: unknown setting 'gian'") as refusal:
        read_settings([], places)
    assert refusal.value.hint == "did you mean gain?"


@pytest.mark.parametrize(
    ("name", "hint"), [("clam", "did you mean calm?"), ("xyz", "profiles are: calm"), ("../calm", "")]
)
def test_an_unknown_profile_is_refused_with_those_there_are(places: Places, name: str, hint: str) -> None:
    (places.user / "profiles" / "calm.toml").write_text("gain = 0.5\n")
    with pytest.raises(SettingsError, match="there is none") as refusal:
        read_settings(["--profile", name], places)
    assert hint in refusal.value.hint


def test_keys_are_remapped_in_a_file(places: Places) -> None:
    (places.user / "live.toml").write_text('[keys]\nspace = "portrait juno"\nq = ""\n')
    assert read_settings([], places).keys == {"space": "portrait juno", "q": ""}


def test_a_key_for_no_command_is_refused_with_its_file(places: Places) -> None:
    (places.user / "live.toml").write_text('[keys]\nspace = "calibrat"\n')
    with pytest.raises(SettingsError, match=r"user/live\.toml: keys: space: unknown command 'calibrat'") as refusal:
        read_settings([], places)
    assert refusal.value.hint == "did you mean calibrate?"


def test_printed_settings_say_where_each_comes_from_and_can_be_read_again(
    places: Places, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (places.here / "live.toml").write_text(
        'output-size = "640x360"\nsink = ["null:", "file:a.mp4"]\n[keys]\n"?" = "help"\n'
    )
    flags = ["--gain", "1.5", "--no-badge"]
    with pytest.raises(SystemExit) as ended:
        read_settings([*flags, "--print-settings"], places)
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "gain = 1.5  # the command line" in printed
    assert f'output_size = "640x360"  # {places.here / "live.toml"}' in printed
    assert "# camera: chosen at the start" in printed
    assert f'source = "{DEFAULT_SOURCE}"\n' in printed
    again = tmp_path / "again.toml"
    again.write_text(printed)
    assert read_settings(["--config", str(again)]) == read_settings(flags, places)
