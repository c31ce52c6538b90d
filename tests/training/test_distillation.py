"""A smaller network takes over a trained one's keypoints and motion, and learns to paint as it does."""

from pathlib import Path

import pytest
import torch

from models import PRESETS, build_network
from models.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from models.portrait_net import PortraitNet
from tests.training.tiny_runs import CPU, losses_of, tiny_settings
from training.distillation import TAKEN_OVER, DistillationObjective
from training.objective import Example
from training.sections import LossSettings, TeacherSettings
from training.settings import TrainingSettings
from training.strangers import Strangers
from training.trainer import Trainer

NOTES = {
    "preset": "live-s",
    "steps": 0,
    "parts": {"face": [0]},
    "openings": [[0, 1]],
    "depths": [0.2],
    "mirrors": [[0, 1]],
    "hair_depths": [],
}


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    torch.manual_seed(2)
    path = tmp_path / "teacher.safetensors"
    save_checkpoint(path, build_network(PRESETS["live-s"]), NOTES)
    return path


def example(strangers: int) -> Example:
    torch.manual_seed(0)
    driving = torch.rand(2, 3, 64, 64)
    return Example(torch.rand(2, 3, 64, 64), driving, driving, strangers=Strangers(torch.rand(strangers, 3, 64, 64)))


def objective(teacher: PortraitNet) -> DistillationObjective:
    weights = {"checkpoint": "teacher.safetensors", "emphasised": 4, "emphasis": 1.0}
    settings = LossSettings.model_validate({"objective": "distillation", "warped": 0.0, "cross": 0.5})
    return DistillationObjective(settings, TeacherSettings.model_validate(weights), teacher)


def taught(clips: Path, teacher: Path, steps: int = 4, preset: str = "live-xs", **further: object) -> TrainingSettings:
    loss = {"objective": "distillation", "warped": 0.0, "cross": 0.5}
    plain = tiny_settings(clips, steps=steps, preset=preset).model_dump()
    return TrainingSettings.model_validate(plain | {"loss": loss, "teacher": {"checkpoint": teacher}} | further)


def test_who_paints_as_the_teacher_has_nothing_to_learn() -> None:
    network = build_network(PRESETS["live-xs"]).eval()
    outcome = objective(network).generator_loss(network, example(1), torch.Generator())
    assert set(outcome.terms) == {"picture", "gradient", "emphasis"}
    # They paint in batches of different sizes, whose sums round differently.
    assert outcome.total < 1e-6
    another = objective(build_network(PRESETS["live-s"]))
    assert another.generator_loss(network, example(1), torch.Generator()).total > 1e-3


def test_the_teacher_does_not_learn_and_strangers_teach_too() -> None:
    torch.manual_seed(1)
    network, trained = build_network(PRESETS["live-xs"]).train(), build_network(PRESETS["live-s"])
    judge = objective(trained)
    judge.generator_loss(network, example(2), torch.Generator()).total.backward()
    assert all(parameter.grad is None for parameter in trained.parameters())
    assert all(parameter.grad is not None for parameter in network.motion_transfer.parameters())
    network.eval()
    alone, beside = (judge.generator_loss(network, example(count), torch.Generator()).terms for count in (0, 2))
    assert alone["picture"] != beside["picture"] and alone["emphasis"] != beside["emphasis"]


def test_a_run_takes_over_keypoints_motion_and_sight_and_learns_to_paint(
    clips: Path, teacher: Path, tmp_path: Path
) -> None:
    losses = losses_of(Trainer(taught(clips, teacher, steps=12), tmp_path / "run", CPU))
    early, late = (sum(entry["picture"] for entry in part) for part in (losses[:3], losses[-3:]))
    assert late < early
    network, notes = load_checkpoint(tmp_path / "run" / "latest.safetensors")
    assert (
        notes["parts"] == NOTES["parts"]
        and notes["openings"] == NOTES["openings"]
        and notes["depths"] == NOTES["depths"]
        and notes["mirrors"] == NOTES["mirrors"]
        and notes["preset"] == "live-xs"
    )
    trained, learned = load_checkpoint(teacher)[0].state_dict(), network.state_dict()
    for part in TAKEN_OVER:
        shared = [name for name in trained if name.startswith(f"{part}.")]
        assert shared and all(torch.equal(trained[name], learned[name]) for name in shared)


def test_a_teacher_and_its_objective_need_each_other(clips: Path, teacher: Path) -> None:
    plain = tiny_settings(clips).model_dump()
    for lonely in ({"teacher": {"checkpoint": teacher}}, {"loss": {"objective": "distillation"}}):
        with pytest.raises(ValueError, match="set both, or neither"):
            TrainingSettings.model_validate(plain | lonely)
    for name in ("detail", "mesh"):
        with pytest.raises(ValueError, match=rf"loss\.{name}: distillation does not look at it"):
            taught(clips, teacher, loss={"objective": "distillation", name: 1.0})
    with pytest.raises(ValueError, match="frozen: a teacher's detector and motion are taken over and stay"):
        taught(clips, teacher, frozen=["motion_transfer"])


def test_a_preset_without_room_for_the_teachers_networks_is_refused(clips: Path, teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not as wide as the preset's"):
        Trainer(taught(clips, teacher, preset="live-m"), tmp_path / "run", CPU)
    paper = tmp_path / "paper.safetensors"
    save_checkpoint(paper, build_network(PRESETS["paper-64"]), {})
    with pytest.raises(CheckpointError, match=r"paper\.safetensors: its keypoint detector"):
        Trainer(taught(clips, paper), tmp_path / "run", CPU)
