"""`python -m export --verify BUNDLE`: the proof again, on this machine, for every engine and precision it can run."""

from dataclasses import dataclass
from pathlib import Path

from realtime.bundle import Bundle, open_bundle
from realtime.engines.base import graph_precision
from realtime.engines.catalogue import ENGINES, engine_kind, is_installed, open_engine
from realtime.engines.proof import prove, shortfall
from realtime.errors import EngineError
from realtime.manifest import EnginePrecision, Parity


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
    """A verdict for every installed engine, or for the one chosen as NAME or NAME:PRECISION.

    Raises BundleError if the bundle is not whole, EngineError for an unknown name and for a precision asked for
    that does not run here.
    """
    bundle = open_bundle(folder)
    if chosen is None:
        names = [name for name, kind in ENGINES.items() if is_installed(kind) and kind.opens_quickly]
        return [_verdict(bundle, name, precision) for name in names for precision in _shared_precisions(bundle, name)]
    if ":" not in chosen:
        return [_verdict(bundle, chosen, precision) for precision in _shared_precisions(bundle, chosen)]
    with open_engine(chosen, bundle) as engine:
        parity = prove(engine, bundle)
        return [Verdict(chosen.partition(":")[0], engine.precision, parity, shortfall(parity, engine.precision))]


def _shared_precisions(bundle: Bundle, name: str) -> list[EnginePrecision]:
    return [p for p in engine_kind(name).precisions if graph_precision(p) in bundle.precisions]


def _verdict(bundle: Bundle, name: str, precision: EnginePrecision) -> Verdict:
    try:
        with open_engine(name, bundle, precision=precision) as engine:
            parity = prove(engine, bundle)
    except EngineError as error:
        return Verdict(name, precision, None, error.message)
    return Verdict(name, precision, parity, shortfall(parity, precision))
