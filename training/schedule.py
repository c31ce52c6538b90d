"""Which stage a step belongs to, and its learning rate: a short warm-up, then a cosine within each stage."""

import math
from dataclasses import dataclass

from training.sections import StageSettings
from training.settings import TrainingSettings

WARM_UP_STEPS = 200


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage and the run's steps it covers."""

    stage: StageSettings
    steps: range

    def learning_rate(self, step: int) -> float:
        """The rate at `step` of the run, which must be one of `steps`."""
        high, low = self.stage.learning_rate
        done = (step - self.steps.start) / len(self.steps)
        warm_up = min(1.0, (step - self.steps.start + 1) / WARM_UP_STEPS)
        return warm_up * (low + (high - low) * 0.5 * (1 + math.cos(math.pi * done)))


def plan_stages(settings: TrainingSettings) -> list[StagePlan]:
    """The stages one after another."""
    plans, start = [], 0
    for stage in settings.stages:
        plans.append(StagePlan(stage, range(start, start + stage.steps)))
        start += stage.steps
    return plans
