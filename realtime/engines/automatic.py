"""The engine a user gets: measured and proven on this machine at first, remembered after, and always said why."""

import functools
import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from realtime.bundle import Bundle
from realtime.engines.base import Engine, graph_precision
from realtime.engines.catalogue import ENGINES, engine_kind, is_installed, open_engine
from realtime.engines.gpu import find_gpus
from realtime.engines.trials import Trial, read_trials, record_path, try_engine, write_trials
from realtime.errors import EngineError
from realtime.manifest import EnginePrecision

AUTO = "auto"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineWish:
    """What a user asks for. engine: a name or "auto"; precision and threads: None leaves the choice to us."""

    engine: str = AUTO
    precision: EnginePrecision | None = None
    threads: int | None = None


Candidate = tuple[str, EnginePrecision]


def open_wished_engine(wish: EngineWish, bundle: Bundle, cache: Path) -> Engine:
    """The engine asked for, or the fastest one that computes what torch did.

    Raises EngineError if what is asked for does not run, or does not compute the same, on this machine.
    """
    trials = _try_all(wish, bundle, cache)
    chosen = choose(trials)
    if len(trials) > 1:
        _explain(chosen, trials, wish)
    return open_engine(chosen.engine, bundle, wish.threads, chosen.precision, cache)


def choose_engine(wish: EngineWish, bundle: Bundle, cache: Path, timed: bool = False) -> Trial:
    """How that engine did, as remembered or measured now; it is not open. Raises EngineError.

    The only engine a wish leaves is timed if `timed`; of several all are.
    """
    return choose(_try_all(wish, bundle, cache, timed))


def _try_all(wish: EngineWish, bundle: Bundle, cache: Path, timed: bool = False) -> list[Trial]:
    """A trial of each engine that a wish leaves open; those made now are shown."""
    candidates = candidates_for(wish, bundle)
    timed = timed or len(candidates) > 1
    path = record_path(cache, bundle, wish.threads)
    remembered = {(trial.engine, trial.precision): trial for trial in read_trials(path)}
    missing = [one for one in candidates if not _settles(remembered.get(one), timed, len(candidates) == 1)]
    for count, (name, precision) in enumerate(missing, start=1):
        if timed:
            log.info("measuring %s with %s %s (%d of %d)", bundle.manifest.name, name, precision, count, len(missing))
        open_it = functools.partial(open_engine, name, bundle, wish.threads, precision, cache)
        remembered[name, precision] = try_engine(name, precision, bundle, open_it, timed)
    trials = [remembered[candidate] for candidate in candidates]
    if missing:
        write_trials(path, list(remembered.values()))
        _show(trials)
    return trials


def candidates_for(wish: EngineWish, bundle: Bundle) -> list[Candidate]:
    """The engines and precisions that a wish leaves open. Raises EngineError if it leaves none."""
    if wish.engine != AUTO:
        if wish.precision is not None:
            return [(wish.engine, wish.precision)]
        return [(wish.engine, precision) for precision in _useful_precisions(wish.engine, bundle)]
    has_gpu = bool(find_gpus())
    names = [
        name
        for name, kind in ENGINES.items()
        if is_installed(kind) and kind.opens_quickly and (kind.device != "either" or has_gpu)
    ]
    found = [(name, precision) for name in names for precision in _useful_precisions(name, bundle)]
    found = [candidate for candidate in found if wish.precision in (None, candidate[1])]
    if not found:
        raise EngineError(
            f"no installed engine computes {bundle.path.name} in {wish.precision or 'any precision'}",
            hint="pip install openvino onnxruntime, or leave --precision out",
        )
    return found


def candidates_for_all(bundle: Bundle, names: Collection[str] = ()) -> list[Candidate]:
    """Every installed engine that opens quickly, or those of `names`, in every precision shared with the bundle.

    Whether it is useful or not; but not torch in float16 on a processor, where it takes seconds a frame.
    """
    has_gpu = bool(find_gpus())
    return [
        (name, precision)
        for name, kind in ENGINES.items()
        if is_installed(kind) and (name in names if names else kind.opens_quickly)
        for precision in kind.precisions
        if graph_precision(precision) in bundle.precisions
        and (has_gpu or (kind.device, precision) != ("either", "fp16"))
    ]


def choose(trials: list[Trial]) -> Trial:
    """The fastest trial without complaint. Raises EngineError with the reasons if there is none."""
    good = [trial for trial in trials if trial.complaint is None]
    if good:
        return min(good, key=lambda trial: trial.frame_ms or float("inf"))
    if len(trials) == 1:
        raise EngineError(f"{_title(trials[0])}: {trials[0].complaint}", hint=trials[0].hint)
    reasons = "; ".join(f"{_title(trial)}: {trial.complaint}" for trial in trials)
    raise EngineError(f"no engine runs this bundle here: {reasons}", hint="run_live.py doctor says what is missing")


def table(trials: list[Trial], chosen: Trial | None = None) -> list[str]:
    """Lines for a terminal, fastest first; what does not run comes last, with its reason."""
    lines = [f"{'engine':<16}{'precision':<11}{'ms/frame':>9}{'keypoints px':>14}{'picture dB':>12}"]
    for trial in sorted(trials, key=lambda trial: trial.frame_ms or float("inf")):
        start = f"{trial.engine:<16}{trial.precision:<11}"
        if trial.frame_ms is None or trial.parity is None:
            lines.append(f"{start}  {trial.complaint}")
            continue
        figures = f"{trial.frame_ms:>9.1f}{trial.parity.keypoint_px:>14.3f}{trial.parity.image_psnr_db:>12.1f}"
        lines.append(f"{start}{figures}{'  <- chosen' if trial is chosen else ''}")
    return lines


def _useful_precisions(name: str, bundle: Bundle) -> list[EnginePrecision]:
    """What the bundle holds and the engine computes; float16 only where there is arithmetic for it."""
    kind = engine_kind(name)
    return [
        precision
        for precision in kind.precisions
        if graph_precision(precision) in bundle.precisions and not (precision == "fp16" and kind.device == "cpu")
    ]


def _settles(trial: Trial | None, timed: bool, alone: bool) -> bool:
    """Whether a remembered trial will do: with its time, where that is wanted; no refusal where there is no choice."""
    if trial is None:
        return False
    if trial.complaint is not None:
        return not alone
    return not timed or trial.frame_ms is not None


def _show(trials: list[Trial]) -> None:
    opened = [trial for trial in trials if trial.parity is not None]
    if len(trials) == 1 or not opened:
        return
    for line in table(opened, choose(trials)):
        log.info("%s", line)
    if len(opened) < len(trials):
        log.info("%d more do not run here; run_live.py doctor says why", len(trials) - len(opened))


def _explain(chosen: Trial, trials: list[Trial], wish: EngineWish) -> None:
    good = sum(trial.complaint is None for trial in trials)
    log.info(
        "engine %s, %.1f ms a frame: the fastest of %d that compute what torch did; --engine and --precision overrule",
        *(_title(chosen), chosen.frame_ms or 0, good),
    )
    if wish.engine == AUTO and not is_installed(ENGINES["openvino-cpu"]):
        log.info("openvino-cpu is usually faster on a processor: %s", ENGINES["openvino-cpu"].install)


def _title(trial: Trial) -> str:
    return f"{trial.engine} {trial.precision}"
