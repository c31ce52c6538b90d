"""`python -m training CONFIG.toml [--out FOLDER] [--resume] [--device cpu|cuda]`, on several processors by torchrun.

`torchrun --nproc-per-node N -m training CONFIG.toml` divides every batch among N processes.
"""

import argparse
import logging
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import torch
from rich.logging import RichHandler

from models.checkpoint import CheckpointError
from realtime.interruption import quitting_on_signals
from training.clips import ClipError
from training.efficientnet import PretrainedError
from training.face_mesh import FaceMeshError
from training.identity import IdentityError
from training.landmarks import LandmarkError
from training.parallel import Ranks, joined_ranks, own_device
from training.run_log import RunLog
from training.run_progress import RunProgress
from training.settings import SettingsError, read_settings
from training.trainer import StepReport, Trainer, TrainingError

log = logging.getLogger("training")

CORRECTABLE = (
    *(SettingsError, ClipError, LandmarkError, CheckpointError, TrainingError),
    *(PretrainedError, IdentityError, FaceMeshError),
)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when the run ended or was interrupted, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train the three networks from clips.")
    parser.add_argument("config", type=Path, help="TOML file such as training/configs/live-s.toml")
    parser.add_argument("--out", type=Path, help="folder of checkpoints and previews; default out/training/NAME")
    parser.add_argument("--resume", action="store_true", help="continue the run in that folder exactly")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    device = own_device(os.environ, options.device)
    try:
        settings = read_settings(options.config)
        out = options.out or Path("out/training") / options.config.stem
        if out.exists() and not out.is_dir():
            raise SettingsError(f"{out}: is no folder; name one for the run's checkpoints with --out")
        with joined_ranks(os.environ, device) as ranks:
            # Of several processes the first speaks; the others speak only of what stops them.
            level = logging.INFO if ranks.is_first else logging.ERROR
            logging.basicConfig(level=level, format="%(message)s", handlers=[RichHandler(show_path=False)])
            trainer = Trainer(settings, out, device, ranks)
            if options.resume:
                trainer.resume()
            elif trainer.state_file.exists():
                raise SettingsError(
                    f"{out} already holds a run; pass --resume to continue it or --out for another folder"
                )
            _train(trainer, ranks)
    except CORRECTABLE as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _train(trainer: Trainer, ranks: Ranks) -> None:
    # Both signals must leave a checkpoint, and all processes must stop at the same step.
    stop_asked = Event()
    with ExitStack() as opened:
        opened.enter_context(quitting_on_signals(stop_asked.set))
        if not ranks.is_first:
            trainer.run(lambda _: None, stop_asked=stop_asked.is_set)
            return
        progress = opened.enter_context(RunProgress(trainer.settings.total_steps, trainer.step))
        run_log = opened.enter_context(RunLog(trainer.out / "tensorboard", trainer.step))

        def show(report: StepReport) -> None:
            progress.show(report)
            run_log.record(report)

        trainer.run(show, stop_asked=stop_asked.is_set)
        log.info("checkpoints, previews and TensorBoard's events are in %s", trainer.out)


if __name__ == "__main__":
    sys.exit(main())
