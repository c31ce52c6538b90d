"""The one shape of every result: who measured what, where, how, and every sample of it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from realtime.errors import MarionetError
from realtime.wrong_value import wrong_values

SCHEMA_VERSION = 1

Kind: TypeAlias = Literal[
    "stages", "live", "glass", "peers", "quality", "train", "scale", "soak", "engines", "start", "framing"
]
Unit: TypeAlias = Literal["ms", "s", "1/s", "MB", "%", "J", "W", "GMAC/s", "dB", "l1", "count", "ratio", "px"]
Sample: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Setting: TypeAlias = str | int | float | bool | None

# What a run's own clock says of the machine, not of the program: comparisons show it and judge nothing by it.
YARDSTICK = "yardstick"


class ResultError(MarionetError):
    """A result file that cannot be read, or results that cannot be compared."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(_Record):
    """Where it was measured. memory_mb: all there is; libraries: versions by name; nothing that names a person."""

    cpu: str
    cores: int = Field(ge=1)
    features: tuple[str, ...]
    memory_mb: int = Field(ge=1)
    gpu: str | None
    driver: str | None
    system: str
    python: str
    libraries: Mapping[str, str]

    @property
    def title(self) -> str:
        """Which machine it is: by its processor's name alone it may be any, clouds call all of a maker's alike."""
        gpu = f", {self.gpu}" if self.gpu else ""
        return f"{self.cpu}, {self.cores} cores ({', '.join(self.features)}){gpu}"


class Series(_Record):
    """Samples of one quantity in the order they were taken.

    labels tell it from its like, such as {"threads": "1"}. Series of one run that share `rounds` took turns: sample n
    of one and sample n of the other belong together. better: which way a change is an improvement, None for neither.
    """

    name: str
    unit: Unit
    better: Literal["lower", "higher"] | None = "lower"
    labels: Mapping[str, str] = {}
    rounds: str | None = None
    samples: tuple[Sample, ...]

    @property
    def key(self) -> str:
        """The name and the labels, the same in every run that measures the same."""
        return " ".join([self.name, *(f"{name}={value}" for name, value in sorted(self.labels.items()))])


class Result(_Record):
    """One run of one benchmark. complete is False where it was interrupted; what was measured by then is kept."""

    schema_version: Literal[1] = 1
    kind: Kind
    started_at: datetime
    seconds: float = Field(ge=0)
    machine: Machine
    commit: str
    command: str
    settings: Mapping[str, Setting]
    complete: bool
    series: tuple[Series, ...]
    notes: tuple[str, ...] = ()

    def find(self, name: str, **labels: str) -> tuple[Series, ...]:
        """The series called name whose labels include labels, in the order they were measured."""
        return tuple(s for s in self.series if s.name == name and labels.items() <= s.labels.items())


def read_result(path: Path) -> Result:
    """The result in a file. Raises ResultError naming the file and the field that is wrong."""
    try:
        return Result.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultError(
            f"{path}: cannot be read ({error.strerror})", hint="name a file that a run with --save wrote"
        ) from None
    except ValidationError as error:
        wrong = wrong_values(error)[0]
        raise ResultError(
            f"{path}: {wrong.field or 'the file'}: {wrong.reason}",
            hint=f"this program reads results of schema {SCHEMA_VERSION}; measure anew with --save",
        ) from None


def write_result(result: Result, folder: Path) -> Path:
    """The file written: named by time and kind, never over another."""
    name = f"{result.started_at:%Y-%m-%dT%H%M%S}-{result.kind}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = next(path for path in _candidates(folder, name) if not path.exists())
        path.write_text(result.model_dump_json() + "\n")
    except OSError as error:
        raise ResultError(
            f"{folder}: cannot be written ({error.strerror})", hint="name a folder you may write to with --save-to"
        ) from None
    return path


def _candidates(folder: Path, name: str) -> "map[Path]":
    from itertools import count

    return map(lambda n: folder / f"{name}{f'-{n}' if n else ''}.json", count())
