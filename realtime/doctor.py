"""`run_live.py doctor [--json]`: what this machine can run, what is missing, and the command that helps.

Exit code 0 when all is well, 1 when something is missing that live runs can do without, 2 when nothing can run.
Tells no personal data: home folders are shortened, cameras are told by their model.
"""

import argparse
import functools
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

from realtime.bundle import Bundle, open_bundle
from realtime.devices.camera_list import list_cameras
from realtime.devices.loopback import SET_UP, virtual_cameras
from realtime.engines.automatic import candidates_for_all, table
from realtime.engines.catalogue import open_engine
from realtime.engines.gpu import find_gpus
from realtime.engines.onnx_packages import collision, installed_distributions
from realtime.engines.processor import BF16_FLAGS, INT8_FLAGS, processor_flags, processor_name
from realtime.engines.trials import Trial, record_path, try_engine, write_trials
from realtime.errors import BundleError
from realtime.settings import SHIPPED_BUNDLES

Severity = Literal["ok", "degraded", "fatal"]
EXIT_CODES: dict[Severity, int] = {"ok": 0, "degraded": 1, "fatal": 2}
OLDEST_PYTHON = (3, 11)
PACKAGES = ("numpy", "opencv-python-headless", "av", "pygame-ce", "pyvirtualcam", "onnxruntime", "openvino", "torch")
OPENCVS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
OPENCV_HINT = "pip uninstall -y {} && pip install opencv-python-headless"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found, how bad it is, and the command that helps."""

    subject: str
    severity: Severity
    found: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, and how every engine did with each bundle, by the bundle's name."""

    findings: tuple[Finding, ...]
    trials: Mapping[str, Sequence[Trial]]

    @property
    def severity(self) -> Severity:
        """The worst of the findings."""
        return max((finding.severity for finding in self.findings), key=lambda severity: EXIT_CODES[severity])


def main(arguments: Sequence[str]) -> int:
    """0, 1 or 2, after printing the diagnosis."""
    parser = argparse.ArgumentParser(prog="run_live.py doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.add_argument("--bundle", type=Path, action="append", help="model bundle (default: those that ship)")
    parser.add_argument("--threads", type=int, help="threads to measure the engines with")
    parser.add_argument("--cache", type=Path, default=user_cache_path("marionet", appauthor=False))
    options = parser.parse_args(arguments)
    diagnosis = diagnose(options.bundle or SHIPPED_BUNDLES, options.threads, options.cache)
    print(as_json(diagnosis) if options.json else as_text(diagnosis))
    return EXIT_CODES[diagnosis.severity]


def diagnose(bundles: Sequence[Path], threads: int | None, cache: Path) -> Diagnosis:
    """Looks at everything; measures every engine with every bundle anew and remembers it, as `--engine auto` would."""
    findings = [_python(), *_packages(), *collisions(installed_distributions(), _installed(OPENCVS))]
    findings += [_processor(), _gpus(), _cameras(), _virtual_camera()]
    trials: dict[str, Sequence[Trial]] = {}
    for folder in bundles:
        try:
            bundle = open_bundle(folder)
        except BundleError as error:
            findings.append(Finding("bundle", "fatal", error.message, error.hint))
            continue
        name = bundle.manifest.name
        findings.append(Finding("bundle", "ok", f"{name}: {', '.join(bundle.precisions)}, every file whole"))
        tried = list(_trials(bundle, threads, cache))
        write_trials(record_path(cache, bundle, threads), tried)
        findings.append(engines_finding(name, tried))
        trials[name] = tried
    return Diagnosis(tuple(findings), trials)


def as_text(diagnosis: Diagnosis) -> str:
    """Lines for a terminal."""
    lines = []
    for finding in diagnosis.findings:
        mark = {"ok": "ok   ", "degraded": "WARN ", "fatal": "FAIL "}[finding.severity]
        lines.append(f"{mark}{finding.subject}: {_without_home(finding.found)}")
        if finding.hint:
            lines.append(f"       {finding.hint}")
    for name, trials in diagnosis.trials.items():
        lines += ["", name, *(_without_home(line) for line in table(list(trials)))]
        lines += [f"{t.engine} {t.precision}: {t.hint}" for t in trials if t.complaint]
    verdict = {"ok": "all is well", "degraded": "runs, with something missing", "fatal": "cannot run"}
    return "\n".join([*lines, "", verdict[diagnosis.severity]])


def as_json(diagnosis: Diagnosis) -> str:
    """One object: severity, findings, engines with their bundle and their frames per second."""
    engines = [
        {"bundle": name}
        | trial.model_dump(mode="json")
        | {"fps": round(1000 / trial.frame_ms, 1) if trial.frame_ms else None}
        for name, trials in diagnosis.trials.items()
        for trial in trials
    ]
    findings = [asdict(finding) for finding in diagnosis.findings]
    return _without_home(
        json.dumps({"severity": diagnosis.severity, "findings": findings, "engines": engines}, indent=2)
    )


def collisions(onnx_runtimes: list[str], opencvs: list[str]) -> list[Finding]:
    """Packages that overwrite each other's files."""
    findings = []
    if (mend := collision(onnx_runtimes)) is not None:
        findings.append(
            Finding("ONNX Runtime", "degraded", " and ".join(onnx_runtimes) + " overwrite each other", mend)
        )
    if len(opencvs) > 1:
        hint = OPENCV_HINT.format(" ".join(opencvs))
        findings.append(Finding("OpenCV", "degraded", " and ".join(opencvs) + " overwrite each other", hint))
    return findings


def engines_finding(bundle: str, trials: Sequence[Trial]) -> Finding:
    """Whether any engine computes what torch did with the bundle of that name."""
    good = [trial for trial in trials if trial.complaint is None]
    if not good:
        return Finding(
            "engines", "fatal", f"{bundle}: none computes what torch did", "pip install onnxruntime openvino"
        )
    return Finding("engines", "ok", f"{bundle}: {len(good)} of {len(trials)} ways to run compute what torch did")


def _trials(bundle: Bundle, threads: int | None, cache: Path) -> Iterator[Trial]:
    for name, precision in candidates_for_all(bundle):
        print(f"measuring {bundle.manifest.name} with {name} {precision}", file=sys.stderr)
        yield try_engine(
            name, precision, bundle, functools.partial(open_engine, name, bundle, threads, precision, cache)
        )


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", "fatal", found, "install Python 3.11 or newer")
    return Finding("Python", "ok", found)


def _packages() -> list[Finding]:
    found = [f"{name} {importlib.metadata.version(name)}" for name in _installed(PACKAGES)]
    return [Finding("packages", "ok", ", ".join(found))]


def _processor() -> Finding:
    flags = processor_flags()
    arithmetic = [name for name, known in (("int8", INT8_FLAGS), ("bf16", BF16_FLAGS)) if flags & known]
    has = f"with {' and '.join(arithmetic)} arithmetic" if arithmetic else "no int8 or bf16 arithmetic known of"
    return Finding("processor", "ok", f"{processor_name()}, {os.cpu_count()} cores, {has}")


def _gpus() -> Finding:
    gpus = find_gpus()
    told = [f"{gpu.name}, compute {gpu.compute_capability}, driver {gpu.driver}, {gpu.memory_mib} MiB" for gpu in gpus]
    return Finding("NVIDIA GPU", "ok", "; ".join(told) or "none")


def _cameras() -> Finding:
    cameras = list_cameras()
    if not cameras:
        return Finding("camera", "degraded", "none found: the driving clip will play", "plug one in")
    closed = [camera for camera in cameras if Path(camera.path).exists() and not os.access(camera.path, os.R_OK)]
    if closed:
        hint = "sudo usermod -aG video $USER, then log in again"
        return Finding("camera", "degraded", f"{closed[0].path} may not be read", hint)
    return Finding("camera", "ok", ", ".join(f"{camera.address} {camera.name}" for camera in cameras))


def _virtual_camera() -> Finding:
    if sys.platform != "linux":
        return Finding("virtual camera", "ok", "OBS's or Unity Capture's; it shows when it is opened")
    nodes = virtual_cameras()
    if not nodes:
        return Finding("virtual camera", "degraded", "none: a window will open instead", SET_UP)
    return Finding("virtual camera", "ok", ", ".join(f"{node.path} {node.name}" for node in nodes))


def _installed(names: Sequence[str]) -> list[str]:
    known = {(distribution.metadata["Name"] or "").lower() for distribution in importlib.metadata.distributions()}
    return [name for name in names if name in known]


def _without_home(text: str) -> str:
    return text.replace(str(Path.home()), "~")
