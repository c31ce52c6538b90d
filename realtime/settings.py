"""Settings of a run: defaults, then files, then flags, checked as one frozen object."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from realtime.controls import remapped_keys
from realtime.errors import SettingsError
from realtime.frames import Size
from realtime.manifest import EnginePrecision
from realtime.settings_files import Layer, Places, file_layers
from realtime.settings_flags import read_flags
from realtime.wrong_value import WrongValue, wrong_values

ASSETS = Path(__file__).resolve().parent.parent / "assets"
DEFAULT_SOURCE = ASSETS / "portraits" / "astronaut.jpg"
DEFAULT_CLIP = ASSETS / "driving" / "default.mp4"
# The finest first.
SHIPPED_BUNDLES = (ASSETS / "bundles" / "portrait-s", ASSETS / "bundles" / "portrait-xs")
DEFAULT_BUNDLE = SHIPPED_BUNDLES[0]
PERSON_MASK = ASSETS / "person_mask" / "person_mask.onnx"
LARGEST_GAIN = 3.0


def default_cache() -> Path:
    """Where this user's measurements and compiled graphs are kept."""
    return user_cache_path("marionet", appauthor=False)


class Settings(BaseModel):
    """Everything a user can choose. None for a device or the bundle means: choose one and say why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Path = DEFAULT_SOURCE
    portraits: Path | None = None
    bundle: Path | None = None
    camera: str | None = None
    camera_size: Size = Size(640, 480)
    camera_rate: float = Field(default=30, ge=1, le=240)
    camera_format: str = Field(default="auto", pattern=r"^(auto|[A-Z0-9]{4})$")
    always_on: bool = False
    measure_latency: bool = False
    max_latency: float | None = None  # in seconds; written as 80ms
    sink: tuple[str, ...] = ()
    output_size: Size | None = None
    output_rate: float | None = Field(default=None, ge=1, le=240)
    badge: bool = True
    picture: Literal["square", "portrait"] = "square"
    background: str = Field(default="auto", min_length=1)
    behind: str = Field(default="auto", min_length=1)
    away_picture: Path | None = None
    hud_output: bool = False
    screenshots: Path = Path("out/screenshots")
    engine: str = "auto"
    precision: EnginePrecision | None = None
    cache: Path = Field(default_factory=default_cache)
    threads: int | None = Field(default=None, ge=1, le=256)
    motion: Literal["relative", "absolute"] = "relative"
    crop: Literal["auto", "none"] = "auto"
    smoothing: bool = True
    tracking: bool = True
    calibration: Literal["auto", "first"] = "auto"
    limiter: bool = True
    gain: float = Field(default=1, ge=0, le=LARGEST_GAIN)
    head_gain: float = Field(default=1, ge=0, le=LARGEST_GAIN)
    mouth_gain: float = Field(default=1, ge=0, le=LARGEST_GAIN)
    eyes_gain: float = Field(default=1, ge=0, le=LARGEST_GAIN)
    mirror: bool = False
    offline: bool = False
    seconds: float | None = Field(default=None, gt=0)
    max_frames: int | None = Field(default=None, ge=1)
    fade: float = Field(default=0.2, ge=0, le=5)
    memory_mb: float = Field(default=512, ge=0)
    keys: Mapping[str, str] = {}

    @field_validator("sink", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("output_size", "camera_size", mode="before")
    @classmethod
    def _written_as_a_size(cls, value: Any) -> Any:
        return parse_size(value) if isinstance(value, str) else value

    @field_validator("max_latency", mode="before")
    @classmethod
    def _written_as_a_time(cls, value: Any) -> Any:
        return parse_milliseconds(value) if isinstance(value, str) else value


def parse_milliseconds(text: str) -> float:
    """The seconds in 80ms (or 80). Raises ValueError: not a time, or one that no picture can keep."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms)?", text)
    if match is None or not 20 <= float(match[1]) <= 2000:
        raise ValueError("write a time between 20ms and 2000ms, e.g. 80ms")
    return float(match[1]) / 1000


def parse_size(text: str) -> Size:
    """The size written as 1280x720. Raises ValueError: not a size, or not one that every video codec takes."""
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if match is None:
        raise ValueError("write a size as WIDTHxHEIGHT, e.g. 1280x720")
    size = Size(int(match[1]), int(match[2]))
    if size.width_px % 2 or size.height_px % 2:
        raise ValueError("width and height must be even")
    return size


def read_settings(arguments: Sequence[str], places: Places | None = None) -> Settings:
    """The settings that files and command line ask for, later ones over earlier ones: the user's live.toml, that of the
    folder, the profile, --config, flags. Without places only --config is read.

    Raises SettingsError naming file and key. --help and --print-settings print and exit with 0.
    """
    flags = read_flags(arguments)
    layers = file_layers(places, flags.pop("profile", None), flags.pop("config", None))
    wants_print = flags.pop("print_settings", False)
    layers.append(Layer("the command line", flags))
    for layer in layers:
        typed = layer.values is flags
        _checked(layer.values, "" if typed else f"{layer.origin}: ", typed)
    settings = _checked({name: value for layer in layers for name, value in layer.values.items()}, "")
    if wants_print:
        print(printed(settings, layers))
        raise SystemExit(0)
    return settings


def printed(settings: Settings, layers: Sequence[Layer]) -> str:
    """All settings as a TOML file, each with where it comes from; those chosen at the start as comments."""
    origins = {name: layer.origin for layer in layers for name in layer.values}
    lines = []
    for name, value in settings.model_dump(mode="json", exclude={"keys"}).items():
        chosen_later = value is None or value == []
        shown = getattr(settings, name)
        text = f"# {name}: chosen at the start" if chosen_later else f"{name} = {_toml(shown)}"
        lines.append(f"{text}  # {origins[name]}" if name in origins else text)
    lines += ["", "[keys]", *(f"{_toml(key)} = {_toml(command)}" for key, command in settings.keys.items())]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return json.dumps(str(value))


def _checked(values: Mapping[str, Any], where: str, typed: bool = False) -> Settings:
    try:
        settings = Settings.model_validate(values)
        remapped_keys(settings.keys)
    except ValidationError as error:
        raise _settings_error(wrong_values(error)[0], where, typed) from None
    except SettingsError as error:
        raise SettingsError(f"{where}{error.message}", hint=error.hint) from None
    return settings


def _settings_error(wrong: WrongValue, where: str, typed: bool) -> SettingsError:
    if wrong.kind == "extra_forbidden":
        near = difflib.get_close_matches(wrong.field, Settings.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else f"settings are: {', '.join(Settings.model_fields)}"
        return SettingsError(f"{where}unknown setting {wrong.field!r}", hint=hint)
    name = wrong.field.split(".")[0]  # not which of several sinks
    shown = f"--{name.replace('_', '-')}" if typed else name
    return SettingsError(
        f"{where}{shown}: {wrong.reason}; found {wrong.value!r}", hint="run_live.py --help lists what is allowed"
    )
