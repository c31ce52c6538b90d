"""Settings of a run: defaults, then a TOML file, then flags, checked as one frozen object."""

import argparse
import difflib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from realtime.bundle import EnginePrecision
from realtime.errors import SettingsError
from realtime.frames import Size

ASSETS = Path(__file__).resolve().parent.parent / "assets"
DEFAULT_SOURCE = ASSETS / "portraits" / "astronaut.jpg"
DEFAULT_CLIP = ASSETS / "driving" / "default.mp4"
DEFAULT_BUNDLE = ASSETS / "bundles" / "portrait-s"


class Settings(BaseModel):
    """Everything a user can choose. None for a device means: choose one and say why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Path = DEFAULT_SOURCE
    portraits: Path | None = None
    bundle: Path = DEFAULT_BUNDLE
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
    away_picture: Path | None = None
    screenshots: Path = Path("out/screenshots")
    engine: str = "auto"
    precision: EnginePrecision | None = None
    cache: Path = Field(default_factory=lambda: user_cache_path("marionet", appauthor=False))
    threads: int | None = Field(default=None, ge=1, le=256)
    motion: Literal["relative", "absolute"] = "relative"
    crop: Literal["auto", "none"] = "auto"
    smoothing: bool = True
    tracking: bool = True
    mirror: bool = False
    offline: bool = False
    seconds: float | None = Field(default=None, gt=0)
    max_frames: int | None = Field(default=None, ge=1)
    fade: float = Field(default=0.2, ge=0, le=5)
    memory_mb: float = Field(default=512, ge=0)

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


def read_settings(arguments: Sequence[str]) -> Settings:
    """The settings that the command line asks for. Raises SettingsError; --help prints and exits with 0."""
    flags = vars(_parser().parse_args([_hyphenated(argument) for argument in arguments]))
    config: Path | None = flags.pop("config", None)
    chosen = (_read_file(config) if config else {}) | flags
    try:
        return Settings.model_validate(chosen)
    except ValidationError as error:
        raise _settings_error(error, "" if config is None else f"{config}: ") from None


class _Parser(argparse.ArgumentParser):
    """Raises instead of printing the usage and leaving."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(message, hint="run_live.py --help lists the flags")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="run_live.py",
        description="Animates a portrait with your face, live or from file to file.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--source", type=Path, metavar="PICTURE", help="portrait to animate, or a pack (default: the one that ships)")
    add("--portraits", type=Path, metavar="FOLDER", help="portraits to switch among while live")
    add("--fade", type=float, metavar="SECONDS", help="cross-fade from one portrait to the next (default: 0.2)")
    add("--memory-mb", type=float, help="memory for portraits encoded ahead (default: 512)")
    add("--bundle", type=Path, metavar="FOLDER", help="model bundle (default: the one that ships)")
    add(
        "--camera",
        help="webcam:0, webcam:/dev/video2, webcam:NAME, file:clip.mp4 or synthetic: (default: first webcam, else a "
        "clip); run_live.py devices lists them",
    )
    add("--measure-latency", action="store_true", help="draw a code into the camera's picture and time it to the sink")
    add("--max-latency", metavar="80ms", help="save work where pictures would get older than this (default: never)")
    add("--camera-size", metavar="WIDTHxHEIGHT", help="size asked of a webcam (default: 640x480)")
    add("--camera-rate", type=float, metavar="HZ", help="rate asked of a webcam (default: 30)")
    add("--camera-format", metavar="FOURCC", help="pixel format asked of a webcam, e.g. MJPG (default: auto)")
    add("--always-on", action="store_true", help="keep the webcam on while no program reads the virtual camera")
    add(
        "--sink",
        action="append",
        help="virtualcam:, window:, file:out.mp4, frames:FOLDER or null:; give it several times for several "
        "(default: the first of these that opens)",
    )
    add("--output-size", metavar="WIDTHxHEIGHT", help="size sent (default: 1280x720 for a call, else the portrait's)")
    add("--output-rate", type=float, metavar="HZ", help="pictures sent per second (default: the camera's rate)")
    add("--screenshots", type=Path, metavar="FOLDER", help="where screenshots go (default: out/screenshots)")
    add("--badge", action=argparse.BooleanOptionalAction, help='small "AI" in the corner (default: on)')
    add(
        "--away-picture", type=Path, metavar="PICTURE", help="shown while you are away (default: the portrait, blurred)"
    )
    add("--engine", help="inference runtime (default: auto, the fastest that computes what torch did)")
    add("--precision", choices=get_args(EnginePrecision), help="arithmetic (default: the fastest that is near enough)")
    add("--cache", type=Path, metavar="FOLDER", help="where measurements and compiled graphs are kept")
    add("--threads", type=int, help="threads of the inference runtime (default: its own choice)")
    add(
        "--motion",
        choices=("relative", "absolute"),
        help="driver's motion since the start, or pose as it is (default: relative)",
    )
    add("--crop", choices=("auto", "none"), help="find the faces, or use the centre squares (default: auto)")
    add("--smoothing", action=argparse.BooleanOptionalAction, help="calm the keypoints (default: on)")
    add("--tracking", action=argparse.BooleanOptionalAction, help="follow your face with the crop (default: on)")
    add("--mirror", action=argparse.BooleanOptionalAction, help="mirror the driver (default: off)")
    add("--offline", action="store_true", help="take every frame of the clip and keep its rate, however long it takes")
    add("--seconds", type=float, help="stop after this time")
    add("--max-frames", type=int, help="stop after so many frames")
    add("--config", type=Path, metavar="FILE", help="TOML file with any of these settings; flags win")
    return parser


def _hyphenated(argument: str) -> str:
    """--max_frames=3 as --max-frames=3: users of research code write underscores."""
    if not argument.startswith("--"):
        return argument
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-") + equals + value


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return {key.replace("-", "_"): value for key, value in tomllib.loads(path.read_text("utf-8")).items()}
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror})", hint="name a TOML file with --config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}", hint='a line reads like: camera = "webcam:0"') from None


def _settings_error(error: ValidationError, where: str) -> SettingsError:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Settings.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else f"settings are: {', '.join(Settings.model_fields)}"
        return SettingsError(f"{where}unknown setting {name!r}", hint=hint)
    return SettingsError(
        f"{where}{name}: {first['msg']}; found {first['input']!r}", hint="run_live.py --help lists what is allowed"
    )
