"""Where settings are written down: the user's own folder, the present folder, named profiles, a file of a flag."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from realtime.errors import SettingsError

LIVE_FILE = "live.toml"
APPLICATION = "marionet"


@dataclass(frozen=True, slots=True)
class Places:
    """user: the folder of the user's own settings, profiles and saved poses. here: the folder the program runs in."""

    user: Path
    here: Path


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one origin, by name."""

    origin: str
    values: Mapping[str, Any]


def standard_places() -> Places:
    """~/.config/marionet on Linux, its like elsewhere; and the present folder."""
    return Places(platformdirs.user_config_path(APPLICATION), Path())


def file_layers(places: Places | None, profile: str | None, config: Path | None) -> list[Layer]:
    """The files that are there, the weakest first. Raises SettingsError for one named and missing, or damaged."""
    layers = []
    if places is not None:
        layers += [_layer(folder / LIVE_FILE) for folder in (places.user, places.here) if (folder / LIVE_FILE).exists()]
    if profile is not None:
        layers.append(_layer(_profile_path(places, profile)))
    if config is not None:
        layers.append(_layer(config))
    return layers


def _profile_path(places: Places | None, name: str) -> Path:
    folder = (places.user if places else Path()) / "profiles"
    path = folder / f"{name}.toml"
    if Path(name).name != name or not path.exists():
        known = sorted(other.stem for other in folder.glob("*.toml"))
        near = difflib.get_close_matches(name, known, n=1)
        others = f"profiles are: {', '.join(known)}" if known else f"write one: {path}"
        raise SettingsError(f"profile {name!r}: there is none", hint=f"did you mean {near[0]}?" if near else others)
    return path


def _layer(path: Path) -> Layer:
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror})", hint="name a TOML file with --config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}", hint='a line reads like: camera = "webcam:0"') from None
    return Layer(str(path), {key.replace("-", "_"): value for key, value in read.items()})
