"""A smaller network learns from a trained one: its keypoints, its flow, its results on strangers."""

from pathlib import Path

import pytest
import torch

from models import PRESETS, build_network
from models.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from models.portrait_net import PortraitNet
from tests.training.tiny_runs import CPU, losses_of, tiny_settings
from training.distillation import DistillationObjective
from training.objective import Example
from training.settings import LossSettings, TeacherSettings, TrainingSettings
from training.strangers import Strangers
from training.trainer import Trainer

NOTES = {"preset": "live-s", "steps": 0, "parts": {"face": [0]}, "openings": [[0, 1]]}


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    path = tmp_path / "teacher.safetensors"
    save_checkpoint(path, build_network(PRESETS["live-s"]), NOTES)
    return path


def example(strangers: int) -> Example:
    torch.manual_seed(0)
    driving = torch.rand(2, 3, 64, 64)
    return Example(torch.rand(2, 3, 64, 64), driving, driving, strangers=Strangers(torch.rand(strangers, 3, 64, 64)))


def objective(teacher: PortraitNet) -> DistillationObjective:
    weights = {"checkpoint": "teacher.safetensors", "emphasised": 4, "emphasis": 1.0}
    settings = LossSettings.model_validate({"objective": "distillation", "cross": 0.5})
    return DistillationObjective(settings, TeacherSettings.model_validate(weights), teacher)


def test_who_is_as_the_teacher_has_nothing_to_learn_but_true_pictures() -> None:
    network = build_network(PRESETS["live-xs"]).eval()
    outcome = objective(network).generator_loss(network, example(1), torch.Generator())
    assert outcome.terms["keypoints"] == 0 and outcome.terms["flow"] == 0
    assert outcome.terms["picture"] > 0 and outcome.terms["emphasis"] > 0


def test_the_teacher_does_not_learn_and_strangers_teach_too() -> None:
    torch.manual_seed(1)
    network, trained = build_network(PRESETS["live-xs"]).train(), build_network(PRESETS["live-s"])
    judge = objective(trained)
    outcome = judge.generator_loss(network, example(2), torch.Generator())
    outcome.total.backward()
    assert all(parameter.grad is None for parameter in trained.parameters())
    assert all(parameter.grad is not None for parameter in network.dense_motion.parameters())
    for module in (network, trained):
        module.eval()
    alone, beside = (judge.generator_loss(network, example(count), torch.Generator()).terms for count in (0, 2))
    assert alone["picture"] != beside["picture"] and alone["flow"] != beside["flow"]


def test_a_run_learns_the_flow_and_takes_over_what_the_keypoints_are(
    clips: Path, teacher: Path, tmp_path: Path
) -> None:
    plain = tiny_settings(clips, steps=12).model_dump()
    taught = plain | {"loss": {"objective": "distillation", "cross": 0.5}, "teacher": {"checkpoint": teacher}}
    losses = losses_of(Trainer(TrainingSettings.model_validate(taught), tmp_path / "run", CPU))
    assert {"picture", "keypoints", "flow"} <= set(losses[0])
    early, late = (sum(entry["keypoints"] for entry in part) for part in (losses[:3], losses[-3:]))
    assert late < early
    notes = load_checkpoint(tmp_path / "run" / "latest.safetensors")[1]
    assert notes["parts"] == NOTES["parts"] and notes["openings"] == NOTES["openings"] and notes["preset"] == "live-xs"


def test_a_teacher_and_its_objective_need_each_other(clips: Path, teacher: Path, tmp_path: Path) -> None:
    plain = tiny_settings(clips).model_dump()
    for lonely in ({"teacher": {"checkpoint": teacher}}, {"loss": {"objective": "distillation"}}):
        with pytest.raises(ValueError, match="set both, or neither"):
            TrainingSettings.model_validate(plain | lonely)
    judged = plain | {"loss": {"objective": "distillation", "mesh": 1.0}, "teacher": {"checkpoint": teacher}}
    with pytest.raises(ValueError, match=r"loss\.mesh: a teacher takes the place of judges"):
        TrainingSettings.model_validate(judged)
    paper = tmp_path / "paper.safetensors"
    save_checkpoint(paper, build_network(PRESETS["paper-64"]), {})
    taught = plain | {"loss": {"objective": "distillation"}, "teacher": {"checkpoint": paper}}
    with pytest.raises(CheckpointError, match="has 10 keypoints, live-xs has 24"):
        Trainer(TrainingSettings.model_validate(taught), tmp_path / "run", CPU)
