"""The portraits at hand: encoded ahead as memory allows, so that switching costs no frame."""

import difflib
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from realtime.closing import Closing
from realtime.controls import Obey
from realtime.engines.base import DeviceTensors
from realtime.errors import CommandError, MarionetError, SourceError
from realtime.figures.dashboard import SourceView
from realtime.frames import Keypoints, Pixels
from realtime.portraits.opener import PortraitOpener
from realtime.portraits.pack import portraits_in
from realtime.portraits.portrait import Portrait
from realtime.portraits.reader import Listing, PortraitReader, ReadPortrait

# What `animate` takes of each place's motion, and `encode_source` gives as 1; a lighter bundle's under a longer name.
MOTION_SHARE = "motion_share"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A portrait, encoded once: everything about it that `animate` takes, on the engine's device."""

    portrait: Portrait
    keypoints: Keypoints
    tensors: DeviceTensors
    resting: Pixels  # the portrait unmoved, as frames of it are: n n 3
    size_bytes: int
    view: SourceView  # for those who look into it

    @property
    def can_be_held(self) -> bool:
        """Whether its networks can be told what of it is to move less."""
        return any(name.endswith(MOTION_SHARE) for name in self.tensors)


class Gallery(Closing):
    """Owned by the animate thread: between two frames it takes in what the reader thread read, one portrait a frame.

    Beyond budget_bytes the portrait not shown for longest is forgotten, and read again when it is asked for.
    """

    def __init__(
        self,
        encode: Callable[[Portrait], Source],
        opener: PortraitOpener,
        folder: Path | None,
        budget_bytes: int,
        tell: Callable[[str], None],
    ) -> None:
        self._encode, self._opener, self._tell = encode, opener, tell
        self._paths = portraits_in(folder) if folder else []
        self._reader = PortraitReader(opener.open, folder)
        self._budget_bytes = budget_bytes
        self._encoded: OrderedDict[Path, Source] = OrderedDict()  # the one shown last comes last
        self._chosen: Path | None = None
        self._tried: Path | None = None  # where next and previous go on: one that cannot be read must not stop them
        self._current: Source | None = None
        self._wish: tuple[Path, Future[str]] | None = None
        self._asked: set[Path] = set()
        self.handlers: Mapping[str, Obey] = {
            "portrait": self._obey_portrait,
            "next": lambda _argument: self._obey_step(+1),
            "previous": lambda _argument: self._obey_step(-1),
            "reload": self._obey_reload,
            "behind": self._obey_behind,
        }

    @property
    def current(self) -> Source | None:
        """The portrait to animate now."""
        return self._current

    @property
    def settled(self) -> bool:
        """Whether nothing is being read."""
        return not self._asked

    def start_with(self, source: Source, path: Path | None = None) -> None:
        """Shows source, read from path where it came from a file, and has the others read."""
        self._current, self._chosen, self._tried = source, path, path
        if path is not None:
            self._paths += [] if path in self._paths else [path]
            self._encoded[path] = source
            self._forget_beyond_budget()
        self._read_ahead()

    def step(self) -> None:
        """Takes in one piece of the reader's news. Call it between two frames."""
        news = self._reader.news()
        if isinstance(news, Listing):
            self._take_listing(news)
        elif news is not None:
            self._asked.discard(news.path)
            self._take_in(news)

    def close(self) -> None:
        """Ends the reader."""
        self._reader.close()

    def _take_in(self, news: ReadPortrait) -> None:
        wish = self._wish if self._wish and self._wish[0] == news.path else None
        if news.portrait is None or (not wish and not self._has_room(news.path)):
            if news.error is not None:
                self._refuse(news.path, news.error)
            return
        source = self._encode(news.portrait)
        self._encoded[news.path] = source
        if wish or news.path == self._chosen:  # the file of the portrait shown has changed: show what it holds now
            self._show(news.path)
        else:
            self._encoded.move_to_end(news.path, last=False)

    def _refuse(self, path: Path, error: MarionetError) -> None:
        """Says why path cannot be shown; what was shown stays. The file may be mended: it keeps its place."""
        if self._wish and self._wish[0] == path:
            self._wish[1].set_exception(error)
            self._wish = None
        else:
            log.warning("%s; %s", error.message, error.hint)
            self._tell(error.message)

    def _take_listing(self, listing: Listing) -> None:
        kept = [path for path in self._paths if path in listing.paths or path == self._chosen]
        self._paths = [*listing.paths, *(path for path in kept if path not in listing.paths)]
        for path in listing.changed:
            if path != self._chosen:  # the one shown is replaced once its new content has been read
                self._encoded.pop(path, None)
            self._ask(path)
        self._read_ahead()

    def _obey_portrait(self, argument: str) -> "str | Future[str]":
        return self._wished(self._found(argument))

    def _obey_step(self, step: int) -> "str | Future[str]":
        if not self._paths:
            raise CommandError("there is only one portrait", hint="name a folder of them with --portraits")
        here = self._paths.index(self._tried) if self._tried in self._paths else -1
        return self._wished(self._paths[(here + step) % len(self._paths)])

    def _obey_reload(self, _argument: str) -> str:
        self._read_again()
        return f"reading {len(self._paths)} portraits again"

    def _obey_behind(self, argument: str) -> str:
        """Each portrait changes when it has been read again."""
        self._opener.change_behind(argument)
        self._read_again()
        return f"behind the person: {argument}"

    def _read_again(self) -> None:
        """Has all portraits read again, the one shown first; it stays until then."""
        for path in [path for path in self._encoded if path != self._chosen]:
            del self._encoded[path]
        for path in self._asked:  # one of them may be half read as it was
            self._reader.ask(path)
        if self._chosen is not None:
            self._ask(self._chosen, urgent=True)
        self._read_ahead()

    def _found(self, text: str) -> Path:
        """The portrait meant by a number from 1, a name or its beginning, or a file. Raises CommandError."""
        if text.isdigit() and len(text) < 4:
            if not 1 <= int(text) <= len(self._paths):
                raise CommandError(
                    f"portrait {text}: there are {len(self._paths)}", hint=f"take 1 to {len(self._paths)}"
                )
            return self._paths[int(text) - 1]
        by_name = {path.stem.lower(): path for path in self._paths}
        if text.lower() in by_name:
            return by_name[text.lower()]
        path = Path(text).expanduser()
        if path.exists():
            return path
        beginning = [name for name in by_name if name.startswith(text.lower())]
        if len(beginning) == 1:
            return by_name[beginning[0]]
        near = difflib.get_close_matches(text.lower(), by_name, n=1)
        hint = f"did you mean {near[0]}?" if near else f"portraits are: {', '.join(by_name) or 'files you name'}"
        raise CommandError(f"portrait {text!r}: no such portrait or file", hint=hint)

    def _wished(self, path: Path) -> "str | Future[str]":
        """Shows path now, or promises to once it has been read; a later wish replaces one that still waits."""
        if self._wish:
            self._wish[1].set_exception(CommandError(f"{self._wish[0].stem}: another was asked for", hint="ask again"))
            self._wish = None
        self._tried = path
        if path in self._encoded:
            return self._show(path)
        self._wish = (path, Future())
        self._ask(path, urgent=True)
        return self._wish[1]

    def _show(self, path: Path) -> str:
        if path not in self._paths:
            self._paths.append(path)
        self._chosen, self._current = path, self._encoded[path]
        self._encoded.move_to_end(path)
        self._forget_beyond_budget()
        told = f"portrait {self._paths.index(path) + 1} of {len(self._paths)}: {path.stem}"
        if self._wish and self._wish[0] == path:
            self._wish[1].set_result(told)
            self._wish = None
        return told

    def _ask(self, path: Path, *, urgent: bool = False) -> None:
        if path not in self._asked or urgent:
            self._asked.add(path)
            self._reader.ask(path, urgent=urgent)

    def _read_ahead(self) -> None:
        """Has the portraits read that are not encoded yet, from the one shown on, as many as there is room for."""
        here = self._paths.index(self._chosen) if self._chosen in self._paths else 0
        missing = [path for path in [*self._paths[here:], *self._paths[:here]] if path not in self._encoded]
        for path in missing[: self._room()]:
            self._ask(path)

    def _room(self) -> int:
        """How many more portraits fit, judged by those encoded so far."""
        used = sum(source.size_bytes for source in self._encoded.values())
        each = used / len(self._encoded) if self._encoded else 1.0
        return max(0, int((self._budget_bytes - used) / each))

    def _has_room(self, path: Path) -> bool:
        return path in self._encoded or self._room() > 0

    def _forget_beyond_budget(self) -> None:
        used = sum(source.size_bytes for source in self._encoded.values())
        for path in list(self._encoded):
            if used <= self._budget_bytes or path == self._chosen:
                return
            used -= self._encoded.pop(path).size_bytes


def first_portrait(paths: Sequence[Path], folder: Path) -> Path:
    """The first of a folder's portraits. Raises SourceError if there is none."""
    if not paths:
        raise SourceError(f"{folder}: no pictures in it", hint="put JPEG, PNG or WebP files there")
    return paths[0]
