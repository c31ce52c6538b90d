"""`train`: what a training step costs, by preset, size, precision and objective, and how long it waits for data."""

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch

from benchmarks.recorder import Recorder
from models import PRESETS
from realtime.errors import SettingsError
from realtime.settings import DEFAULT_CLIP
from training.clips import ClipError
from training.settings import TrainingSettings
from training.trainer import StepReport, Trainer

HELP = "samples per second of a training step, and the share of time spent waiting for data"


@dataclass(frozen=True, slots=True)
class _Run:
    preset: str
    size: int
    precision: str
    objective: str

    @property
    def labels(self) -> dict[str, str]:
        return {
            "preset": self.preset,
            "size": str(self.size),
            "precision": self.precision,
            "objective": self.objective,
        }


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `train`."""
    add = parser.add_argument
    add("--presets", nargs="+", choices=sorted(PRESETS), default=["live-s"], help="networks (default live-s)")
    add("--sizes", nargs="+", type=int, choices=(64, 128, 256), default=[128, 256], help="pictures (default 128 256)")
    add("--precisions", nargs="+", choices=("bf16", "fp32"), default=["bf16", "fp32"], help="(default both)")
    add("--objectives", nargs="+", choices=("reconstruction", "paper"), default=["reconstruction"], help="losses")
    add("--batch", type=int, default=8, help="pairs in a step (default 8)")
    add("--steps", type=int, default=8, help="steps measured (default 8)")
    add("--warm-up", type=int, default=2, help="steps before those, left out (default 2)")
    add("--threads", type=int, help="of torch (default its own choice)")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda")
    add("--clip", type=Path, default=DEFAULT_CLIP, help="video to train on (default: the driving clip)")


def measure(options: argparse.Namespace, recorder: Recorder) -> None:
    """Adds `training_rate` and `waiting` for every combination."""
    if options.threads:
        torch.set_num_threads(options.threads)
    if not options.clip.is_file():
        raise SettingsError(f"{options.clip}: no such clip", hint="name a video with --clip")
    runs = [_Run(*each) for each in product(options.presets, options.sizes, options.precisions, options.objectives)]
    with tempfile.TemporaryDirectory() as folder:
        clips = Path(folder) / "clips"
        clips.mkdir()
        shutil.copy(options.clip, clips)
        for number, run in enumerate(recorder.track(runs, "Trainings", len(runs))):
            _train(run, options, Path(folder), Path(folder) / f"run-{number}", recorder)


def _train(run: _Run, options: argparse.Namespace, folder: Path, out: Path, recorder: Recorder) -> None:
    total = options.warm_up + options.steps
    reports: list[StepReport] = []
    try:
        trainer = Trainer(_settings(run, options, folder, total), out, torch.device(options.device))
        trainer.run(reports.append)
    except ClipError as error:
        raise SettingsError(str(error), hint="name another video with --clip") from None
    rates = [report.samples_per_s for report in reports[options.warm_up :]]
    recorder.add("training_rate", "1/s", *rates, better="higher", labels=run.labels)
    if reports:
        recorder.add("waiting", "%", 100 * reports[-1].waiting_share, labels=run.labels)
    if len(reports) < total:  # the trainer ends quietly at Ctrl-C
        raise KeyboardInterrupt


def _settings(run: _Run, options: argparse.Namespace, folder: Path, steps: int) -> TrainingSettings:
    return TrainingSettings.model_validate(
        {
            "preset": run.preset,
            "data": {"train": [folder / "clips"], "validation": [folder / "clips"], "cache": folder / "cache"},
            "stages": [{"size": run.size, "batch": options.batch, "steps": steps, "learning_rate": (2e-4, 1e-4)}],
            "loss": {"objective": run.objective},
            "precision": run.precision,
            # Neither belongs to a step.
            "validation_steps": steps + 1,
            "preview_steps": steps + 1,
        }
    )
