"""What is beside a portrait or behind its person, as a user writes it: blur, a colour, or a picture file's name."""

import re
from pathlib import Path
from typing import Literal, TypeAlias

from realtime.errors import SourceError
from realtime.frames import Background
from realtime.portraits.picture_file import read_picture, shrunk

Own: TypeAlias = Literal["auto", "still", "keep"]
AUTO: Own = "auto"
STILL: Own = "still"
KEEP: Own = "keep"
OWN: tuple[Own, ...] = (AUTO, STILL, KEEP)  # what may be behind a person that is the picture's own
BLUR = "blur"
KEPT_SIDE_PX = 1920  # no output is larger
_COLOUR = re.compile(r"#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", re.IGNORECASE)


def named_background(text: str) -> Background | None:
    """blur, or a colour written as #RRGGBB; None for anything else, which is a file."""
    if text.lower() == BLUR:
        return Background()
    colour = _COLOUR.fullmatch(text)
    if colour is None:
        return None
    red, green, blue = (int(level, 16) for level in colour.groups())
    return Background(colour=(red, green, blue))


def wished_background(text: str) -> Background | None:
    """What a setting names; None for auto, which leaves it to the portrait's pack. Raises SourceError."""
    return None if text.lower() == AUTO else read_background(text)


def read_background(text: str) -> Background:
    """The background that text names. Raises SourceError for a file that is no picture."""
    named = named_background(text)
    if named is not None:
        return named
    try:
        return Background(picture=shrunk(read_picture(Path(text).expanduser()), KEPT_SIDE_PX))
    except SourceError as error:
        raise SourceError(
            f"background {error.message}", hint="write blur, a colour as #RRGGBB, or a picture file"
        ) from None
