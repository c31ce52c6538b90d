"""The TOML configuration of a training run, checked as a whole before anything starts."""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from models.config import PRESETS
from realtime.wrong_value import wrong_values
from training.precision import Precision
from training.sections import (
    DataSettings,
    LandmarkSettings,
    LossSettings,
    Section,
    StageSettings,
    StillSettings,
    TeacherSettings,
)


class SettingsError(Exception):
    """A configuration that cannot be used; the message names the file and the field."""


NetworkName = Literal[
    "keypoint_detector",
    "dense_motion",
    "motion_transfer",
    "motion_transfer.encoder",
    "motion_transfer.context",
    "motion_transfer.motion",
]


# Losses that are computed where a configuration gives them a weight, and those of them that an objective knows.
CHOSEN_LOSSES = frozenset({"detail", "perceptual", "identity", "painted_identity", "mesh", "cycle", "cross"})
LOOKED_AT: dict[str, frozenset[str]] = {
    "paper": frozenset(),
    "keypoints": frozenset(),
    "reconstruction": CHOSEN_LOSSES,
    "distillation": frozenset({"perceptual", "cross"}),
    "flow": frozenset(),
    "painting": frozenset({"detail", "perceptual", "painted_identity", "cross"}),  # all else teaches motion, too
}

# Objectives of one network alone: which it is, and which landmarks they look at.
TRAINED_ALONE = {"painting": ("motion_transfer", "judged"), "flow": ("dense_motion", "led")}


class TrainingSettings(Section):
    """Everything a run depends on. The `frozen` networks stay as they start, and cost no backward pass.

    precision: what products are computed in, auto the faster; weights, losses and keypoints' statistics stay float32.
    """

    preset: str
    data: DataSettings
    stages: tuple[StageSettings, ...] = Field(min_length=1)
    loss: LossSettings = Field(default_factory=lambda: LossSettings.model_validate({}))
    landmarks: LandmarkSettings | None = None
    stills: StillSettings | None = None
    teacher: TeacherSettings | None = None
    initial: Path | None = None
    frozen: tuple[NetworkName, ...] = ()
    seed: int = 0
    colour_jitter: float = Field(0.5, ge=0)
    driving_colour_jitter: float = Field(0.3, ge=0)
    driving_degradation: float = Field(0.0, ge=0, le=1)
    momentum: float = Field(0.5, ge=0, lt=1)
    ema_decay: float = Field(0.999, ge=0, lt=1)
    gradient_clip: float = Field(1.0, gt=0)
    precision: Literal["auto"] | Precision = "auto"
    checkpoint_minutes: float = Field(5.0, gt=0)
    preview_steps: int = Field(500, ge=1)
    validation_steps: int = Field(500, ge=1)

    @field_validator("preset")
    @classmethod
    def _known_preset(cls, preset: str) -> str:
        if preset not in PRESETS:
            raise ValueError(f"unknown preset {preset!r}; choose one of {', '.join(PRESETS)}")
        return preset

    @field_validator("frozen")
    @classmethod
    def _something_learns(cls, frozen: tuple[NetworkName, ...]) -> tuple[NetworkName, ...]:
        if {"keypoint_detector", "dense_motion", "motion_transfer"} <= set(frozen):
            raise ValueError("frozen: nothing is left that learns; leave out one of the three networks")
        return frozen

    @model_validator(mode="after")
    def _frozen_parts_are_there(self) -> "TrainingSettings":
        parts = [name for name in self.frozen if "." in name]
        if parts and PRESETS[self.preset].family != "live":
            raise ValueError(f"frozen: {self.preset} has no {parts[0]}; name a whole network, or a live preset")
        return self

    @model_validator(mode="after")
    def _a_teacher_teaches_alone(self) -> "TrainingSettings":
        painting = self.loss.objective == "painting"
        if (self.loss.objective == "distillation") != (self.teacher is not None) and not painting:
            raise ValueError('teacher: teaches in loss.objective = "distillation" or "painting"; set both, or neither')
        if painting and self.teacher and self.teacher.emphasis:
            raise ValueError("teacher.emphasis: painting looks around landmarks.judged; leave it")
        if self.teacher and self.frozen:
            raise ValueError("frozen: a teacher's detector and motion are taken over and stay; leave it")
        return self

    @model_validator(mode="after")
    def _every_loss_is_looked_at(self) -> "TrainingSettings":
        objective = self.loss.objective
        looked_at = LOOKED_AT[objective]
        for name in sorted(CHOSEN_LOSSES - looked_at):
            if getattr(self.loss, name):
                raise ValueError(f"loss.{name}: {objective} does not look at it; leave one of the two")
        if self.teacher and self.loss.painted_identity:
            raise ValueError("loss.painted_identity: a teacher's picture says whose it is; leave one of the two")
        return self

    @model_validator(mode="after")
    def _what_is_trained_alone_learns(self) -> "TrainingSettings":
        objective = self.loss.objective
        if objective not in TRAINED_ALONE:
            return self
        network, looked_at = TRAINED_ALONE[objective]
        if PRESETS[self.preset].family != "live" or network in self.frozen:
            raise ValueError(f"loss.objective: {objective} trains a live preset's {network}, which must not be frozen")
        if not getattr(self.landmarks, looked_at, ()):
            raise ValueError(f"loss.objective: {objective} looks at landmarks; name some in landmarks.{looked_at}")
        return self

    @model_validator(mode="after")
    def _others_are_there_and_judged(self) -> "TrainingSettings":
        loss = self.loss
        if loss.cycle and self.initial is None:
            raise ValueError("loss.cycle: the detector that a run starts with judges; set `initial` to a trained one")
        if loss.cross and not (loss.cycle or loss.mesh or self.teacher or loss.objective == "painting"):
            raise ValueError(
                "loss.cross: is the share of results on others' faces that loss.cycle, loss.mesh or a teacher judges; "
                "set one of them too, or leave it"
            )
        if self.stills and not loss.cross:
            raise ValueError("stills: are animated for the share loss.cross of a batch; set it, or leave the stills")
        return self

    @model_validator(mode="after")
    def _faces_are_known(self) -> "TrainingSettings":
        for name in ("painted_identity", "detail"):
            if getattr(self.loss, name) and "motion_transfer" in self.frozen:
                raise ValueError(f"loss.{name}: teaches the transfer network alone, which is frozen; leave it")
        for name in ("identity", "painted_identity", "mesh"):
            if getattr(self.loss, name) and self.landmarks is None:
                raise ValueError(f"loss.{name}: aligns faces by their landmarks; add a [landmarks] section")
        if self.loss.mesh and self.stills and self.stills.landmarks is None:
            raise ValueError("loss.mesh: looks at faces in the stills; set stills.landmarks")
        return self

    @property
    def aligns_faces(self) -> bool:
        """Whether a loss looks at faces in crops of their own."""
        return bool(self.loss.identity or self.loss.painted_identity or self.loss.mesh)

    @property
    def total_steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)


def read_settings(path: Path) -> TrainingSettings:
    """The settings in a TOML file; SettingsError names what is wrong. Relative folders start at the working folder.

    A file may name another as its `base`, from its own folder: what it does not say itself is taken from there.
    """
    try:
        return TrainingSettings.model_validate(_tables(path))
    except ValidationError as error:
        lines = [f"{wrong.field}: {wrong.reason}" if wrong.field else wrong.reason for wrong in wrong_values(error)]
        raise SettingsError(f"{path}: " + "; ".join(lines)) from error


def _tables(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """What the file says over what its bases say; `above` are the files that it is a base of."""
    if not path.is_file():
        named = f", which {above[-1]} names as its base" if above else "; training/configs holds examples"
        raise SettingsError(f"{path}: no such configuration{named}")
    try:
        said = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    base = said.pop("base", None)
    if base is None:
        return said
    if not isinstance(base, str) or path.resolve() in above:
        raise SettingsError(f"{path}: base: name another file, which does not come back to this one")
    return _laid_over(_tables(path.parent / base, (*above, path.resolve())), said)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    tables = {
        name: _laid_over(below[name], value)
        for name, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(name), dict)
    }
    return below | above | tables
