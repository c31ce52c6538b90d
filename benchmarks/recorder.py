"""Collects the samples of a run as they come, so that an interrupted run keeps them; shows how far it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from rich.console import Console
from rich.progress import Progress, track

from benchmarks.schema import Series, Unit

SIGNIFICANT_DIGITS = 6

Better: TypeAlias = Literal["lower", "higher"] | None
Item = TypeVar("Item")


@dataclass(slots=True)
class _Growing:
    name: str
    unit: Unit
    better: Better
    labels: Mapping[str, str]
    rounds: str | None
    samples: list[float] = field(default_factory=list)


class Recorder:
    """Series by name and labels, in the order of their first sample. Owned by the thread that measures."""

    def __init__(self) -> None:
        self._growing: dict[tuple[str, tuple[tuple[str, str], ...]], _Growing] = {}
        self._notes: list[str] = []
        # stdout is for results alone.
        self._console = Console(stderr=True)

    def add(
        self,
        name: str,
        unit: Unit,
        *samples: float,
        better: Better = "lower",
        rounds: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Appends samples to the series of this name and these labels."""
        labels = labels or {}
        key = (name, tuple(sorted(labels.items())))
        growing = self._growing.setdefault(key, _Growing(name, unit, better, labels, rounds))
        growing.samples += [float(f"{sample:.{SIGNIFICANT_DIGITS}g}") for sample in samples]

    def note(self, text: str) -> None:
        """Keeps what a reader of the figures must know, once."""
        if text not in self._notes:
            self._notes.append(text)

    def track(self, items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
        """The items, while a bar on stderr tells how many are done; in a log, one line at the start."""
        on_terminal = self._console.is_terminal
        if not on_terminal:
            self._console.print(f"{what} ...", highlight=False)
        return iter(track(items, what, total=total, console=self._console, disable=not on_terminal))

    @contextmanager
    def bar(self, what: str, total: float) -> Iterator[Callable[[float], None]]:
        """A bar for what is no list of items: the function given takes how much is done, counted as total is."""
        if not self._console.is_terminal:
            self._console.print(f"{what} ...", highlight=False)
        with Progress(console=self._console, disable=not self._console.is_terminal) as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.update(task, completed=done)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noted."""
        return tuple(self._notes)

    def series(self) -> tuple[Series, ...]:
        """All that was measured so far; a round that was interrupted half way is cut from all who took turns in it."""
        whole: dict[str, int] = {}
        for growing in self._growing.values():
            if growing.rounds is not None:
                whole[growing.rounds] = min(whole.get(growing.rounds, len(growing.samples)), len(growing.samples))
        return tuple(
            Series(
                name=growing.name,
                unit=growing.unit,
                better=growing.better,
                labels=growing.labels,
                rounds=growing.rounds,
                samples=tuple(growing.samples[: whole[growing.rounds] if growing.rounds else None]),
            )
            for growing in self._growing.values()
        )
