"""One training run: steps, guards, average, checkpoints; `Trainer.run` can be stopped and resumed exactly."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from models.config import PRESETS
from models.portrait_net import PortraitNet, build_network
from training.augmentation import degrade, draw_colours, draw_flips, flip
from training.ema import MovingAverage
from training.frame_cache import FrameCache, open_frame_cache
from training.landmarks import LandmarkTrack, open_landmarks, unusual_frames
from training.objectives import Example, make_objective
from training.pairs import PairBatch, PairLoader
from training.preview import write_preview
from training.run_state import load_run_state, save_run_state
from training.schedule import StagePlan, plan_stages
from training.settings import TrainingSettings
from training.validation import SelfReenactment, self_reenactment, to_tensor

log = logging.getLogger(__name__)

VALIDATION_STRIDE = 20
PREVIEW_ROWS = 6


class TrainingError(Exception):
    """A run that must stop; the last good checkpoint is kept."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step showed: its losses, the rate and how fast it went."""

    step: int
    losses: dict[str, float]
    learning_rate: float
    samples_per_s: float
    validation: SelfReenactment | None = None


class Trainer:
    """Owns the networks, their average, the optimisers and the output folder of one run; use from one thread."""

    def __init__(self, settings: TrainingSettings, out: Path, device: torch.device) -> None:
        self.settings, self.out, self.device = settings, out, device
        torch.manual_seed(settings.seed)
        config = PRESETS[settings.preset]
        self.network = _starting_network(settings).to(device).train()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = MovingAverage(self.network, settings.ema_decay)
        self.objective = make_objective(settings.loss, config.keypoint_count)
        self.generator = torch.Generator().manual_seed(settings.seed)
        betas = (settings.momentum, 0.999)
        self.optimisers = {"networks": torch.optim.Adam(self.network.parameters(), betas=betas)}
        if self.objective.discriminator is not None:
            self.objective.discriminator.to(device)
            self.optimisers["discriminator"] = torch.optim.Adam(self.objective.discriminator.parameters(), betas=betas)
        self.step = 0
        self.best_l1 = math.inf

    @property
    def state_file(self) -> Path:
        """What `resume` reads."""
        return self.out / "run_state.safetensors"

    def run(self, on_step: Callable[[StepReport], None], until: int | None = None) -> None:
        """Train to the end of the stages, or `until` a step; writes checkpoints also when interrupted."""
        last = min(until or self.settings.total_steps, self.settings.total_steps)
        try:
            for plan in plan_stages(self.settings):
                steps = range(max(self.step, plan.steps.start), min(last, plan.steps.stop))
                if steps:
                    self._run_stage(plan, steps, on_step)
        except KeyboardInterrupt:
            log.warning("interrupted at step %d: writing a checkpoint", self.step)
        self.save()

    def resume(self) -> None:
        """Continue from the run state in the output folder; CheckpointError if there is none that fits."""
        progress = load_run_state(self.state_file, self._modules(), self.optimisers, self.generator)
        self.step, self.best_l1 = progress["step"], progress["best_l1"]

    def save(self) -> None:
        """Write the run state and the average's checkpoint."""
        self.out.mkdir(parents=True, exist_ok=True)
        progress = {"step": self.step, "best_l1": self.best_l1}
        save_run_state(self.state_file, self._modules(), self.optimisers, self.generator, progress)
        save_checkpoint(self.out / "latest.safetensors", self.average.network, self._notes())

    def _run_stage(self, plan: StagePlan, steps: range, on_step: Callable[[StepReport], None]) -> None:
        data = self.settings.data
        cache = open_frame_cache(list(data.train), plan.stage.size, data.stride, data.cache)
        held_out = open_frame_cache(list(data.validation), plan.stage.size, VALIDATION_STRIDE, data.cache)
        saved_at = time.monotonic()
        landmarks = self._open_landmarks(cache)
        weights = self._sampling_weights(cache, landmarks)
        with PairLoader(cache, plan.stage.batch, self.settings.seed, steps, weights) as loader:
            for pairs in loader:
                began = time.monotonic()
                rate = plan.learning_rate(self.step)
                losses = self._train_step(pairs, landmarks, rate)
                self.step += 1
                speed = plan.stage.batch / (time.monotonic() - began)
                validation = None
                if self.step % self.settings.validation_steps == 0:
                    validation = self._validate(held_out)
                if self.step % self.settings.preview_steps == 0:
                    self._preview(held_out)
                if time.monotonic() - saved_at > 60 * self.settings.checkpoint_minutes:
                    self.save()
                    saved_at = time.monotonic()
                on_step(StepReport(self.step, losses, rate, speed, validation))

    def _open_landmarks(self, cache: FrameCache) -> LandmarkTrack | None:
        guide = self.settings.landmarks
        return open_landmarks(guide.folder, cache, self.settings.data.stride, guide.points) if guide else None

    def _sampling_weights(self, cache: FrameCache, landmarks: LandmarkTrack | None) -> NDArray[np.float64] | None:
        guide = self.settings.landmarks
        if landmarks is None or guide is None or not guide.span_sampling or not guide.spans:
            return None
        return 1 + guide.span_sampling * unusual_frames(landmarks, cache.starts, guide.spans)

    def _train_step(self, pairs: PairBatch, landmarks: LandmarkTrack | None, rate: float) -> dict[str, float]:
        example = self._example(pairs, landmarks)
        with torch.autocast(self.device.type, torch.bfloat16):
            outcome = self.objective.generator_loss(self.network, example, self.generator)
        losses = {name: term.item() for name, term in outcome.terms.items()}
        self._descend("networks", self.network, outcome.total, rate)
        if self.objective.discriminator is not None:
            with torch.autocast(self.device.type, torch.bfloat16):
                loss = self.objective.discriminator_loss(example, outcome)
            losses["discriminator"] = loss.item()
            self._descend("discriminator", self.objective.discriminator, loss, rate)
        self.average.update(self.network, self.step)
        return losses

    def _example(self, pairs: PairBatch, landmarks: LandmarkTrack | None) -> Example:
        source, driving = to_tensor(pairs.source, self.device), to_tensor(pairs.driving, self.device)
        mirrored = draw_flips(source, self.generator)
        source, driving = flip(source, mirrored), flip(driving, mirrored)
        room = draw_colours(source, self.settings.colour_jitter, self.generator)
        source, target = room.apply(source), room.apply(driving)
        camera = draw_colours(source, self.settings.driving_colour_jitter, self.generator)
        driving = degrade(camera.apply(target), self.settings.driving_degradation, self.generator)
        example = Example(source, driving, target)
        guide = self.settings.landmarks
        if landmarks is None or guide is None:
            return example
        return replace(
            example,
            source_landmarks=self._landmarks_of(landmarks, pairs.source_rows, mirrored),
            driving_landmarks=self._landmarks_of(landmarks, pairs.driving_rows, mirrored),
            landmark_weight=self._landmark_weight(),
            emphasised=guide.emphasised,
            emphasis=guide.emphasis,
            spans=torch.tensor(guide.spans, device=self.device) if guide.spans else None,
            span_weight=guide.span_weight,
        )

    def _landmarks_of(self, track: LandmarkTrack, rows: NDArray[np.int64], mirrored: torch.Tensor) -> torch.Tensor:
        plain, flipped = (torch.from_numpy(points[rows]).to(self.device) for points in (track.points, track.mirrored))
        return torch.where(mirrored[:, None, None], flipped, plain)

    def _landmark_weight(self) -> float:
        guide = self.settings.landmarks
        assert guide is not None
        start, end = guide.weight
        return end + (start - end) * max(0.0, 1 - self.step / guide.steps)

    def _descend(self, name: str, module: nn.Module, loss: torch.Tensor, rate: float) -> None:
        optimiser = self.optimisers[name]
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(module.parameters(), self.settings.gradient_clip)
        if not torch.isfinite(norm):
            raise TrainingError(
                f"gradient of the {name} is {norm.item()} at step {self.step}: stopped before it reached the weights; "
                f"{self.state_file} holds the last good state, resume it with a lower learning rate"
            )
        optimiser.step()

    def _validate(self, held_out: FrameCache) -> SelfReenactment:
        with torch.autocast(self.device.type, torch.bfloat16):
            result = self_reenactment(self.average.network, held_out, 1, self.device)
        if result.result_l1 < self.best_l1:
            self.best_l1 = result.result_l1
            save_checkpoint(self.out / "best.safetensors", self.average.network, self._notes())
        return result

    def _preview(self, held_out: FrameCache) -> None:
        clips = [held_out.clip(index) for index in range(min(PREVIEW_ROWS, held_out.clip_count))]
        source = torch.cat([to_tensor(clip[:1], self.device) for clip in clips])
        driving = torch.cat([to_tensor(clip[-1:], self.device) for clip in clips])
        write_preview(self.out / "previews" / f"{self.step:07d}.png", self.average.network, source, driving)

    def _modules(self) -> dict[str, nn.Module]:
        modules: dict[str, nn.Module] = {"network": self.network, "average": self.average.network}
        if self.objective.discriminator is not None:
            modules["judge"] = self.objective.discriminator
        return modules

    def _notes(self) -> dict[str, object]:
        return {"preset": self.settings.preset, "steps": self.step, "best_l1": self.best_l1}


def _starting_network(settings: TrainingSettings) -> PortraitNet:
    """Fresh networks of the preset, or those of the `initial` checkpoint, which must be of the same preset."""
    config = PRESETS[settings.preset]
    if settings.initial is None:
        return build_network(config)
    network, _ = load_checkpoint(settings.initial)
    if network.config != config:
        raise CheckpointError(f"{settings.initial}: not of preset {settings.preset}; correct `initial` or `preset`")
    return network.requires_grad_(True)
