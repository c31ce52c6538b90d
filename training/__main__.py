"""`python -m training CONFIG.toml [--out FOLDER] [--resume] [--device cpu|cuda]`."""

import argparse
import logging
import signal
import sys
from pathlib import Path

import torch
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.checkpoint import CheckpointError
from training.clips import ClipError
from training.landmarks import LandmarkError
from training.settings import SettingsError, read_settings
from training.trainer import StepReport, Trainer, TrainingError

log = logging.getLogger("training")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when the run ended or was interrupted, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train the three networks from clips.")
    parser.add_argument("config", type=Path, help="TOML file such as training/configs/live-s.toml")
    parser.add_argument("--out", type=Path, help="folder of checkpoints and previews; default out/training/NAME")
    parser.add_argument("--resume", action="store_true", help="continue the run in that folder exactly")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler(show_path=False)])
    # Jobs in the background start with Ctrl-C ignored; both signals must leave a checkpoint.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        settings = read_settings(options.config)
        out = options.out or Path("out/training") / options.config.stem
        trainer = Trainer(settings, out, torch.device(options.device))
        if options.resume:
            trainer.resume()
        elif trainer.state_file.exists():
            raise SettingsError(f"{out} already holds a run; pass --resume to continue it or --out for another folder")
        _run_with_progress(trainer, settings.total_steps)
    except (SettingsError, ClipError, LandmarkError, CheckpointError, TrainingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    log.info("checkpoints and previews are in %s", out)
    return 0


def _run_with_progress(trainer: Trainer, total: int) -> None:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}")) as progress:
        bar = progress.add_task("", total=total, completed=trainer.step)

        def show(report: StepReport) -> None:
            losses = "  ".join(f"{name} {value:.4f}" for name, value in report.losses.items())
            progress.update(bar, completed=report.step, description=f"{losses}  {report.samples_per_s:.0f} pairs/s")
            if report.validation is not None:
                log.info(
                    "step %d: validation L1 %.4f, copying the source %.4f (%.1f %% lower), rate %.1e, %s",
                    report.step,
                    report.validation.result_l1,
                    report.validation.copy_l1,
                    100 * report.validation.improvement,
                    report.learning_rate,
                    losses,
                )

        trainer.run(show)


if __name__ == "__main__":
    sys.exit(main())
