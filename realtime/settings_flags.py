"""The command line: its flags, each a setting of the same name."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

from realtime.errors import SettingsError
from realtime.manifest import EnginePrecision


def read_flags(arguments: Sequence[str]) -> dict[str, Any]:
    """The flags given, by their settings' names. Raises SettingsError; --help prints and exits with 0."""
    return vars(_parser().parse_args([hyphenated(argument) for argument in arguments]))


def refusing_parser(program: str, description: str) -> argparse.ArgumentParser:
    """A parser without flags yet. It takes no shortened ones, and raises SettingsError for what it does not know."""
    return _Parser(program, description)


class _Parser(argparse.ArgumentParser):
    """Raises instead of printing the usage and leaving."""

    def __init__(self, program: str, description: str) -> None:
        super().__init__(prog=program, description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise SettingsError(message, hint=f"{self.prog} --help lists the flags")


def _parser() -> argparse.ArgumentParser:
    parser = refusing_parser("run_live.py", "Animates a portrait with your face, live or from file to file.")
    parser.argument_default = argparse.SUPPRESS
    for add_flags in (_portrait_flags, _camera_flags, _output_flags, _engine_flags, _motion_flags, _run_flags):
        add_flags(parser.add_argument)
    return parser


def _portrait_flags(add: Callable[..., Any]) -> None:
    add("--source", type=Path, metavar="PICTURE", help="portrait to animate, or a pack (default: the one that ships)")
    add("--portraits", type=Path, metavar="FOLDER", help="portraits to switch among while live")
    add("--fade", type=float, metavar="SECONDS", help="cross-fade from one portrait to the next (default: 0.2)")
    add("--memory-mb", type=float, help="memory for portraits encoded ahead (default: 512)")
    add("--bundle", type=Path, metavar="FOLDER", help="model bundle (default: the finest that is fast enough)")


def _camera_flags(add: Callable[..., Any]) -> None:
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


def _output_flags(add: Callable[..., Any]) -> None:
    add(
        "--sink",
        action="append",
        help="virtualcam:, window:, file:out.mp4, frames:FOLDER or null:; give it several times for several "
        "(default: the first of these that opens)",
    )
    add("--output-size", metavar="WIDTHxHEIGHT", help="size sent (default: 1280x720 for a call, else the portrait's)")
    add("--output-rate", type=float, metavar="HZ", help="pictures sent per second (default: the camera's rate)")
    add("--screenshots", type=Path, metavar="FOLDER", help="where screenshots go (default: out/screenshots)")
    add("--picture", choices=("square", "portrait"), help="the animated square, or the whole portrait around it, too")
    add(
        "--background", metavar="auto|blur|#RRGGBB|FILE", help="what is beside the portrait (default: auto, its pack's)"
    )
    add(
        "--behind",
        metavar="auto|still|keep|blur|#RRGGBB|FILE",
        help="what is behind the person in the portrait (default: auto, its pack's wish, else its own, kept still)",
    )
    add(
        "--hud-output", action=argparse.BooleanOptionalAction, help="the run's figures over what is sent (default: off)"
    )
    add("--badge", action=argparse.BooleanOptionalAction, help='small "AI" in the corner (default: on)')
    add(
        "--away-picture", type=Path, metavar="PICTURE", help="shown while you are away (default: the portrait, blurred)"
    )


def _engine_flags(add: Callable[..., Any]) -> None:
    add("--engine", help="inference runtime (default: auto, the fastest that computes what torch did)")
    add("--precision", choices=get_args(EnginePrecision), help="arithmetic (default: the fastest that is near enough)")
    add("--cache", type=Path, metavar="FOLDER", help="where measurements and compiled graphs are kept")
    add("--threads", type=int, help="threads of the inference runtime (default: its own choice)")


def _motion_flags(add: Callable[..., Any]) -> None:
    add(
        "--motion",
        choices=("relative", "absolute"),
        help="driver's motion since the start, or pose as it is (default: relative)",
    )
    add("--crop", choices=("auto", "none"), help="find the faces, or use the centre squares (default: auto)")
    add("--smoothing", action=argparse.BooleanOptionalAction, help="calm the keypoints (default: on)")
    add("--tracking", action=argparse.BooleanOptionalAction, help="follow your face with the crop (default: on)")
    add(
        "--calibration",
        choices=("auto", "first"),
        help="neutral pose: a quiet moment, and its slow drift, or the first pose (default: auto; offline: first)",
    )
    add(
        "--limiter",
        action=argparse.BooleanOptionalAction,
        help="hold back what the portrait cannot follow (default: on)",
    )
    for part in ("", "head-", "mouth-", "eyes-"):
        add(f"--{part}gain", type=float, metavar="FACTOR", help=f"motion of {part.strip('-') or 'all'} (default: 1)")
    add("--mirror", action=argparse.BooleanOptionalAction, help="mirror the driver (default: off)")


def _run_flags(add: Callable[..., Any]) -> None:
    add("--offline", action="store_true", help="take every frame of the clip and keep its rate, however long it takes")
    add("--seconds", type=float, help="stop after this time")
    add("--max-frames", type=int, help="stop after so many frames")
    add("--config", type=Path, metavar="FILE", help="TOML file with any of these settings; flags win")
    add("--profile", metavar="NAME", help="named settings: profiles/NAME.toml in your own marionet folder")
    add("--print-settings", action="store_true", help="print all settings, and where each comes from, and end")


def hyphenated(argument: str) -> str:
    """--max_frames=3 as --max-frames=3: users of research code write underscores."""
    if not argument.startswith("--"):
        return argument
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-") + equals + value
