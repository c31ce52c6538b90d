"""One training run: steps, guards, average, checkpoints; `Trainer.run` can be stopped and resumed exactly."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.checkpoint import save_checkpoint
from training.distillation import TAKEN_OVER
from training.ema import MovingAverage
from training.examples import make_example, open_guide, pair_sampling
from training.frame_cache import FrameCache, open_frame_cache
from training.initial import starting_network
from training.landmarks import LandmarkTrack
from training.objectives import make_objective
from training.pairs import PairBatch, PairLoader
from training.parallel import ALONE, Ranks
from training.precision import fastest_precision
from training.preview import write_preview
from training.run_state import load_run_state, save_run_state
from training.schedule import StagePlan, plan_stages
from training.settings import SettingsError, TrainingSettings
from training.step_clock import StepClock
from training.stills import Stills, open_stills
from training.validation import SelfReenactment, self_reenactment, to_tensor

log = logging.getLogger(__name__)

VALIDATION_STRIDE = 20
PREVIEW_ROWS = 6


class TrainingError(Exception):
    """A run that must stop; the last good checkpoint is kept."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step showed: its losses, the rate, how fast it went, and what share of the time batches were awaited."""

    step: int
    losses: dict[str, float]
    learning_rate: float
    samples_per_s: float
    waiting_share: float = 0.0
    validation: SelfReenactment | None = None
    preview: Path | None = None


class Trainer:
    """Owns the networks, their average, the optimisers and the output folder of one run; use from one thread.

    One of several `ranks` trains its part of every batch; the first alone writes, validates and previews.
    """

    def __init__(self, settings: TrainingSettings, out: Path, device: torch.device, ranks: Ranks = ALONE) -> None:
        self.settings, self.out, self.device, self.ranks = settings, out, device, ranks
        _require_equal_parts(settings, ranks)
        torch.manual_seed(settings.seed)
        network, self.face = starting_network(settings)
        self.network = network.to(device).train()
        for name in TAKEN_OVER if settings.teacher else settings.frozen:
            self.network.get_submodule(name).eval().requires_grad_(False)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.precision = fastest_precision(device) if settings.precision == "auto" else settings.precision
        log.info("computing in %s on %s", self.precision, device)
        self.average = MovingAverage(self.network, settings.ema_decay)
        self.objective = make_objective(settings, self.network, device)
        self.generator = torch.Generator()
        self.optimisers = {"networks": _adam(self.network, settings.momentum)}
        if self.objective.discriminator is not None:
            self.optimisers["discriminator"] = _adam(self.objective.discriminator, settings.momentum)
        self.step = 0
        self.best_l1 = math.inf

    @property
    def state_file(self) -> Path:
        """What `resume` reads."""
        return self.out / "run_state.safetensors"

    def run(
        self,
        on_step: Callable[[StepReport], None],
        until: int | None = None,
        stop_asked: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train to the end of the stages, `until` a step or until asked to stop; writes checkpoints at the end."""
        last = min(until or self.settings.total_steps, self.settings.total_steps)
        try:
            for plan in plan_stages(self.settings):
                steps = range(max(self.step, plan.steps.start), min(last, plan.steps.stop))
                if steps and not self._run_stage(plan, steps, on_step, stop_asked):
                    log.warning("stopped at step %d: writing a checkpoint", self.step)
                    break
        except KeyboardInterrupt:
            log.warning("interrupted at step %d: writing a checkpoint", self.step)
        self.save()

    def resume(self) -> None:
        """Continue from the run state in the output folder; CheckpointError if there is none that fits."""
        progress = load_run_state(self.state_file, self._modules(), self.optimisers)
        self.step, self.best_l1 = progress["step"], progress["best_l1"]

    def save(self) -> None:
        """Write the run state and the average's checkpoint, in the first process."""
        if not self.ranks.is_first:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        progress = {"step": self.step, "best_l1": self.best_l1}
        save_run_state(self.state_file, self._modules(), self.optimisers, progress)
        save_checkpoint(self.out / "latest.safetensors", self.average.network, self._notes())

    def _run_stage(
        self, plan: StagePlan, steps: range, on_step: Callable[[StepReport], None], stop_asked: Callable[[], bool]
    ) -> bool:
        """Train `steps`; False if it was asked to stop before the last."""
        cache, held_out = self.ranks.first_before_others(lambda: self._open_caches(plan.stage.size))
        saved_at = time.monotonic()
        landmarks = open_guide(self.settings, cache)
        sampling = pair_sampling(self.settings, cache, landmarks)
        named = self.settings.stills
        stills = open_stills(named.folder, plan.stage.size, named.landmarks, named.leave_out) if named else None
        clock, part = StepClock(), self.ranks.part(plan.stage.batch)
        with PairLoader(cache, plan.stage.batch, self.settings.seed, steps, sampling, part) as loader:
            for pairs in clock.timed(loader):
                began = time.monotonic()
                rate = plan.learning_rate(self.step)
                losses = self._train_step(pairs, landmarks, stills, rate)
                self.step += 1
                speed = plan.stage.batch / (time.monotonic() - began)
                report = StepReport(self.step, losses, rate, speed, clock.waiting_share)
                on_step(self._examine(report, held_out))
                if time.monotonic() - saved_at > 60 * self.settings.checkpoint_minutes:
                    self.save()
                    saved_at = time.monotonic()
                if self.step < steps.stop and self.ranks.any(stop_asked()):
                    return False
        return True

    def _open_caches(self, size: int) -> tuple[FrameCache, FrameCache]:
        data = self.settings.data
        cache = open_frame_cache(list(data.train), size, data.stride, data.cache)
        return cache, open_frame_cache(list(data.validation), size, VALIDATION_STRIDE, data.cache)

    def _examine(self, report: StepReport, held_out: FrameCache) -> StepReport:
        """The report with this step's validation and preview, where they are due; in the first process."""
        is_last = self.step == self.settings.total_steps  # or a short run would leave no best checkpoint
        if self.ranks.is_first and (is_last or self.step % self.settings.validation_steps == 0):
            report = replace(report, validation=self._validate(held_out))
        if self.ranks.is_first and self.step % self.settings.preview_steps == 0:
            report = replace(report, preview=self._preview(held_out))
        return report

    def _train_step(
        self, pairs: PairBatch, landmarks: LandmarkTrack | None, stills: Stills | None, rate: float
    ) -> dict[str, float]:
        # Nothing random is carried from step to step, so that a resumed run draws what it would have drawn.
        self.generator.manual_seed(_step_seed(self.settings.seed, self.step, self.ranks.rank))
        example = make_example(self.settings, pairs, landmarks, stills, self.step, self.generator, self.device)
        with self._autocast():
            outcome = self.objective.generator_loss(self.network, example, self.generator)
        losses = self._descend("networks", self.network, outcome.total, outcome.terms, rate, outcome.painting)
        if self.objective.discriminator is not None:
            with self._autocast():
                loss = self.objective.discriminator_loss(example, outcome)
            named = {"discriminator": loss}
            losses |= self._descend("discriminator", self.objective.discriminator, loss, named, rate)
        self.ranks.average_statistics(self.network)
        self.average.update(self.network, self.step)
        return losses

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def _agreed(self, losses: dict[str, float]) -> dict[str, float]:
        """The losses averaged over the processes; TrainingError if one is not finite."""
        losses = self.ranks.average(losses)
        for name, value in losses.items():
            if not math.isfinite(value):
                raise self._guarded(f"the loss {name} is {value}")
        return losses

    def _guarded(self, found: str) -> TrainingError:
        return TrainingError(
            f"{found} at step {self.step}: stopped before it reached the weights; "
            f"{self.state_file} holds the last good state, resume it with a lower learning rate"
        )

    def _descend(
        self,
        name: str,
        module: nn.Module,
        loss: torch.Tensor,
        terms: dict[str, torch.Tensor],
        rate: float,
        painting: torch.Tensor | None = None,
    ) -> dict[str, float]:
        """The losses `terms`, averaged over the processes; TrainingError before a step that is not finite."""
        optimiser = self.optimisers[name]
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        if painting is not None:
            painter = [p for p in self.network.motion_transfer.parameters() if p.requires_grad]
            painting.backward(inputs=painter, retain_graph=True)
        loss.backward()
        self.ranks.average_gradients(module)
        norm = torch.nn.utils.clip_grad_norm_(module.parameters(), self.settings.gradient_clip)
        # All numbers at once: a GPU would be waited for at each.
        *values, length = torch.stack([*(term.detach().float() for term in terms.values()), norm]).tolist()
        losses = self._agreed(dict(zip(terms, values, strict=True)))
        if not math.isfinite(length):
            raise self._guarded(f"the gradient of the {name} is {length}")
        optimiser.step()
        return losses

    def _validate(self, held_out: FrameCache) -> SelfReenactment:
        with self._autocast():
            result = self_reenactment(self.average.network, held_out, 1, self.device)
        if result.result_l1 < self.best_l1:
            self.best_l1 = result.result_l1
            save_checkpoint(self.out / "best.safetensors", self.average.network, self._notes())
        return result

    def _preview(self, held_out: FrameCache) -> Path:
        clips = [held_out.clip(index) for index in range(min(PREVIEW_ROWS, held_out.clip_count))]
        source = torch.cat([to_tensor(clip[:1], self.device) for clip in clips])
        driving = torch.cat([to_tensor(clip[-1:], self.device) for clip in clips])
        sheet = self.out / "previews" / f"{self.step:07d}.png"
        write_preview(sheet, self.average.network, source, driving)
        return sheet

    def _modules(self) -> dict[str, nn.Module]:
        modules: dict[str, nn.Module] = {"network": self.network, "average": self.average.network}
        if self.objective.discriminator is not None:
            modules["judge"] = self.objective.discriminator
        return modules

    def _notes(self) -> dict[str, object]:
        return {"preset": self.settings.preset, "steps": self.step, "best_l1": self.best_l1} | self.face


def _require_equal_parts(settings: TrainingSettings, ranks: Ranks) -> None:
    for stage in settings.stages:
        if stage.batch % ranks.count:
            raise SettingsError(
                f"stages: a batch of {stage.batch} cannot be divided among {ranks.count} processes; "
                "change `batch` or --nproc-per-node"
            )


def _adam(module: nn.Module, momentum: float) -> torch.optim.Adam:
    # Fused: one pass over the weights, which costs a tenth of a step on a CPU otherwise.
    learned = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return torch.optim.Adam(learned, betas=(momentum, 0.999), fused=True)


def _step_seed(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0])
