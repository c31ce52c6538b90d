"""`python -m export --verify BUNDLE`: the proof again, on this machine, for every engine and precision it can run."""

from dataclasses import dataclass
from pathlib import Path

from realtime.bundle import EnginePrecision, Parity, open_bundle
from realtime.engines.base import graph_precision
from realtime.engines.catalogue import ENGINES, is_installed, open_engine
from realtime.engines.proof import prove, shortfall
from realtime.errors import EngineError


@dataclass(frozen=True, slots=True)
class Verdict:
    """One engine in one precision: its figures and what it misses, or why it does not run here."""

    engine: str
    precision: EnginePrecision
    parity: Parity | None
    complaint: str | None

    @property
    def is_refused(self) -> bool:
        """Whether the engine does not run on this machine at all."""
        return self.parity is None


def verify(folder: Path, chosen: str | None = None) -> list[Verdict]:
    """A verdict for every installed engine, or for the one chosen. Raises BundleError if the bundle is not whole."""
    bundle = open_bundle(folder)
    verdicts = []
    for name, kind in ENGINES.items():
        if name != chosen and (chosen is not None or not (is_installed(kind) and kind.opens_quickly)):
            continue
        for precision in kind.precisions:
            if graph_precision(precision) not in bundle.precisions:
                continue
            try:
                with open_engine(name, bundle, precision=precision) as engine:
                    parity = prove(engine, bundle)
            except EngineError as error:
                verdicts.append(Verdict(name, precision, None, error.message))
                continue
            verdicts.append(Verdict(name, precision, parity, shortfall(parity, precision)))
    return verdicts
