"""A portrait pack: a picture and what its owner wants done with it, in a portrait.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from realtime.errors import SourceError
from realtime.portraits.background import KEEP, STILL, named_background
from realtime.wrong_value import wrong_values

WISHES_FILE = "portrait.toml"
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")

Share = Annotated[float, Field(ge=-1, le=2)]


class PackWishes(BaseModel):
    """portrait.toml. crop is left, top and side of the square: shares of the width, of the height, of the width.

    neutral names a file that `save-pose` wrote: the driver's pose that matches the picture. background is what stands
    beside the picture where the output is wider, behind what replaces the picture's own background: blur, a colour as
    #RRGGBB, or a picture file of the pack. consent says who allowed the picture's use, and for what.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str | None = None
    crop: tuple[Share, Share, Annotated[float, Field(gt=0, le=4)]] | None = None
    neutral: str | None = None
    gain: float = Field(default=1.0, ge=0, le=3)
    background: str | None = Field(default=None, min_length=1)
    behind: str | None = Field(default=None, min_length=1)
    consent: str | None = None
    licence: str | None = None


PLAIN = PackWishes()


@dataclass(frozen=True, slots=True)
class Pack:
    """Where the picture is, and what is wished for it."""

    image: Path
    wishes: PackWishes
    neutral: Path | None = None
    background: str | None = None  # as read_background takes it
    behind: str | None = None  # likewise


def read_pack(path: Path) -> Pack:
    """The pack at path: a folder with a portrait.toml, or a picture file without wishes. Raises SourceError."""
    if not path.is_dir():
        return Pack(path, PLAIN)
    wishes = _read_wishes(path / WISHES_FILE)
    neutral = _beside(path, "neutral", wishes.neutral) if wishes.neutral else None
    background, behind = (_ground(path, field, getattr(wishes, field)) for field in ("background", "behind"))
    if wishes.image:
        return Pack(_beside(path, "image", wishes.image), wishes, neutral, background, behind)
    pictures = [picture for picture in pictures_in(path) if str(picture) not in (background, behind)]
    if len(pictures) != 1:
        raise SourceError(
            f"{path}: {len(pictures)} pictures, one is needed", hint=f'name it in {WISHES_FILE}: image = ""'
        )
    return Pack(pictures[0], wishes, neutral, background, behind)


def _ground(folder: Path, field: str, text: str | None) -> str | None:
    """What a pack says of a background: a picture file by its path, else as it is written."""
    if text is None or named_background(text) is not None or (field == "behind" and text.lower() in (KEEP, STILL)):
        return text
    return str(_beside(folder, field, text))


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())


def portraits_in(folder: Path) -> list[Path]:
    """The portraits of a folder, by name: pictures, and folders with a portrait.toml. Raises SourceError."""
    try:
        packs = [path for path in folder.iterdir() if (path / WISHES_FILE).is_file()]
        return sorted([*pictures_in(folder), *packs], key=lambda path: path.name.lower())
    except OSError as error:
        raise SourceError(
            f"{folder}: cannot be read ({error.strerror})", hint="name a folder of pictures with --portraits"
        ) from None


def _beside(folder: Path, field: str, name: str) -> Path:
    """The file of that name in folder. Only a plain name: a pack from elsewhere may not reach out of its own folder."""
    if Path(name).name != name:
        raise SourceError(
            f"{folder / WISHES_FILE}: {field}: {name!r} is not a plain file name", hint="put the file beside it"
        )
    return folder / name


def _read_wishes(path: Path) -> PackWishes:
    try:
        return PackWishes.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise SourceError(
            f"{path.parent}: a folder, and {WISHES_FILE} in it cannot be read ({error.strerror})",
            hint="name a picture file, or a folder of them with --portraits",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: not TOML: {error}", hint="a line reads like: gain = 0.8") from None
    except ValidationError as error:
        wrong = wrong_values(error)[0]
        raise SourceError(
            f"{path}: {wrong.field}: {wrong.reason}", hint=f"it may say: {', '.join(PackWishes.model_fields)}"
        ) from None
