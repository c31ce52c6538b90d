"""Runs of a few steps on tiny clips."""

from pathlib import Path

import torch

from training.sections import DataSettings, LossSettings, StageSettings
from training.settings import TrainingSettings
from training.trainer import StepReport, Trainer

CPU = torch.device("cpu")


def tiny_settings(
    clips: Path, steps: int = 4, objective: str = "reconstruction", preset: str = "live-xs"
) -> TrainingSettings:
    data = DataSettings(train=(clips,), validation=(clips,), stride=1, cache=clips.parent / "cache")
    stages = (StageSettings(size=64, batch=2, steps=steps, learning_rate=(1e-3, 1e-4)),)
    loss = LossSettings.model_validate({"objective": objective})
    # A processor without instructions for bfloat16 takes several times as long for it; one test asks for it.
    return TrainingSettings(
        preset=preset,
        data=data,
        stages=stages,
        loss=loss,
        precision="fp32",
        validation_steps=2,
        preview_steps=2,
    )


def losses_of(trainer: Trainer, until: int | None = None) -> list[dict[str, float]]:
    reports: list[StepReport] = []
    trainer.run(reports.append, until)
    return [report.losses for report in reports]
