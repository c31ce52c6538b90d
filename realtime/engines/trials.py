"""Trying an engine: does it open, does it compute what torch did, how long does a frame take. It is remembered."""

import importlib.metadata
import logging
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from realtime.bundle import Bundle, sha256_of
from realtime.engines.base import Engine
from realtime.engines.gpu import find_gpus
from realtime.engines.processor import lacks_int8, machine_fingerprint, processor_flags
from realtime.engines.proof import prove, read_proof, shortfall
from realtime.errors import EngineError
from realtime.frames import pixels_to_tensor, source_tensors
from realtime.manifest import MANIFEST_FILE, EnginePrecision, Parity

SECONDS_PER_TRIAL = 0.7
FEWEST_FRAMES = 5
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "openvino", "torch", "tensorrt", "tensorrt-rtx")

log = logging.getLogger(__name__)


class Trial(BaseModel):
    """What came of trying one engine in one precision. complaint: why it may not be used; None if it may.

    parity is None where it did not even open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str
    precision: EnginePrecision
    frame_ms: float | None = None
    parity: Parity | None = None
    complaint: str | None = None
    hint: str = "pass --precision fp32, or --engine auto"


class TrialRecord(BaseModel):
    """All trials of a bundle on this machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: tuple[Trial, ...]


def try_engine(
    name: str, precision: EnginePrecision, bundle: Bundle, open_it: Callable[[], Engine], timed: bool = True
) -> Trial:
    """Open, prove and, if `timed`, time an engine. One that is refused, or computes something else, is a complaint."""
    try:
        with open_it() as engine:
            parity = prove(engine, bundle)
            complaint = shortfall(parity, precision)
            frame_ms = statistics.median(frame_times_ms(engine, bundle)) if timed and complaint is None else None
    except EngineError as error:
        return Trial(engine=name, precision=precision, complaint=error.message, hint=error.hint)
    if complaint is not None and precision == "int8" and lacks_int8(processor_flags()):
        complaint += "; this processor has no int8 products (VNNI)"
    return Trial(engine=name, precision=precision, frame_ms=frame_ms, parity=parity, complaint=complaint)


def frame_times_ms(engine: Engine, bundle: Bundle, seconds: float = SECONDS_PER_TRIAL) -> list[float]:
    """Milliseconds of each live frame within so many seconds: upload, detect, animate, download."""
    scene, _ = read_proof(bundle)
    driver = pixels_to_tensor(scene.drivers[-1])
    shown = engine.upload(source_tensors(pixels_to_tensor(scene.portraits[0]), bundle.margin))
    still = {f"source_{name}": tensor for name, tensor in engine.run("detect_keypoints", shown).items()}
    still |= engine.run("encode_source", shown)
    image = found = animated = None
    durations: list[float] = []
    began = time.perf_counter()
    while len(durations) < FEWEST_FRAMES or time.perf_counter() - began < seconds:
        started = time.perf_counter()
        image = engine.upload({"image": driver}, into=image)
        found = engine.run("detect_keypoints", image, into=found)
        moved = {f"driving_{name}": tensor for name, tensor in found.items()}
        animated = engine.run("animate", still | moved, into=animated)
        engine.download(animated["image"])
        durations.append(time.perf_counter() - started)
    return [1000 * duration for duration in durations]


def record_path(cache: Path, bundle: Bundle, threads: int | None) -> Path:
    """Where the trials of this machine, these runtimes, this bundle and this number of threads are kept."""
    gpus = [f"{gpu.name} {gpu.driver}" for gpu in find_gpus()]
    parts = (*gpus, *_versions(), f"threads {threads}", sha256_of(bundle.path / MANIFEST_FILE))
    return cache / "trials" / f"{machine_fingerprint(parts)}.json"


def read_trials(path: Path) -> list[Trial]:
    """The trials remembered there; none where there is no record, or a damaged one, which is said."""
    try:
        return list(TrialRecord.model_validate_json(path.read_bytes()).trials)
    except FileNotFoundError:
        return []
    except (OSError, ValidationError):
        log.warning("%s is damaged: measuring the engines again", path)
        return []


def write_trials(path: Path, trials: list[Trial]) -> None:
    """Remember the trials; a folder that cannot be written is said, and they are made again next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(TrialRecord(trials=tuple(trials)).model_dump_json(indent=2))
        partial.replace(path)
    except OSError as error:
        log.warning("%s cannot be written (%s): the engines will be measured again", path, error.strerror)


def _versions() -> list[str]:
    found = []
    for name in RUNTIMES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
