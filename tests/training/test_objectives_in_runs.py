"""What each objective and each of its terms does to a whole run on tiny clips."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from models import PRESETS, build_network
from models.checkpoint import load_checkpoint, save_checkpoint
from tests.training.tiny_runs import CPU, losses_of, tiny_settings
from training.initial import starting_network
from training.objective import Example
from training.reconstruction import ReconstructionObjective
from training.sections import LandmarkSettings, LossSettings, StillSettings
from training.settings import TrainingSettings
from training.stills import write_still_landmarks
from training.trainer import Trainer


def test_paper_objective_trains_networks_and_discriminator(clips: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_settings(clips, steps=1, objective="paper", preset="paper-64"), tmp_path, CPU)
    assert trainer.objective.discriminator is not None
    before = [parameter.clone() for parameter in trainer.objective.discriminator.parameters()]
    (losses,) = losses_of(trainer)
    assert set(losses) == {"matching", "adversarial", "discriminator"}
    after = trainer.objective.discriminator.parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def guide_to_the_disc(clips: Path, tmp_path: Path) -> LandmarkSettings:
    """Three points of every frame, the first two of which lie across the disc."""
    folder = tmp_path / "landmarks"
    folder.mkdir()
    for index in range(6):
        x = np.linspace(0.3, 0.6, 24)
        points = np.stack([np.stack([x + dx, np.full(24, 0.5)], axis=-1) for dx in (-0.1, 0.1, 0.0)], axis=1)
        np.savez(folder / f"{index}.npz", stride=1, points=points.astype(np.float16))
    return LandmarkSettings(
        folder=folder, points=((0, 1), (1, 0), (2, 2)), spans=((0, 1),), span_weight=1.0, span_sampling=3.0
    )


def test_the_keypoints_objective_trains_the_detector_alone(clips: Path, tmp_path: Path) -> None:
    settings = tiny_settings(clips, steps=30, objective="keypoints").model_copy(
        update={"landmarks": guide_to_the_disc(clips, tmp_path), "driving_degradation": 0.5}
    )
    trainer = Trainer(settings, tmp_path, CPU)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    losses = losses_of(trainer)
    assert set(losses[0]) == {"landmarks", "spans", "equivariance"}
    early, late = (sum(entry["landmarks"] for entry in part) for part in (losses[:5], losses[-5:]))
    assert late < early
    changed = {
        name.split(".")[0] for name, value in trainer.network.state_dict().items() if (value != before[name]).any()
    }
    assert changed == {"keypoint_detector"}


def test_the_keypoints_objective_needs_landmarks(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"add a \[landmarks\] section"):
        losses_of(Trainer(tiny_settings(clips, objective="keypoints"), tmp_path, CPU))


def test_a_cycle_is_judged_by_the_detector_the_run_started_with(clips: Path, tmp_path: Path) -> None:
    loss = {"cycle": 1.0, "cross": 0.5, "equivariance": 0.0}
    plain = tiny_settings(clips, steps=2).model_dump() | {"loss": loss}
    with pytest.raises(ValueError, match="set `initial` to a trained one"):
        TrainingSettings.model_validate(plain)
    with pytest.raises(ValueError, match=r"loss\.cross: is the share"):
        TrainingSettings.model_validate(plain | {"loss": {"cross": 0.5}})
    initial = tmp_path / "initial.safetensors"
    save_checkpoint(initial, build_network(PRESETS["live-xs"]), {"preset": "live-xs", "steps": 0})
    trainer = Trainer(TrainingSettings.model_validate(plain | {"initial": initial}), tmp_path / "run", CPU)
    found = losses_of(trainer)
    assert all(term > 0 for losses in found for name, term in losses.items() if "cycle" in name)
    assert {"cycle", "cross_cycle"} <= set(found[0])
    assert isinstance(trainer.objective, ReconstructionObjective) and trainer.objective.cycle is not None
    judged_by, learned = trainer.objective.cycle.detector.state_dict(), trainer.network.keypoint_detector.state_dict()
    started = load_checkpoint(initial)[0].keypoint_detector.state_dict()
    assert all(torch.equal(value, judged_by[name]) for name, value in started.items())
    assert any(not torch.equal(value, learned[name]) for name, value in started.items())


def test_stills_are_animated_by_the_motions_of_the_batch(clips: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((64, 64, 3), 90, np.uint8))
    write_still_landmarks(tmp_path / "stills.npz", ["a.jpg"], np.full((1, 478, 2), 0.5, np.float32))
    initial = tmp_path / "initial.safetensors"
    save_checkpoint(initial, build_network(PRESETS["live-xs"]), {"preset": "live-xs", "steps": 0})
    stills = StillSettings(folder=tmp_path, landmarks=tmp_path / "stills.npz")
    plain = tiny_settings(clips, steps=2).model_dump() | {"initial": initial, "stills": stills.model_dump()}
    with pytest.raises(ValueError, match=r"share loss\.cross of a batch"):
        TrainingSettings.model_validate(plain)
    guide = guide_to_the_disc(clips, tmp_path).model_dump()
    unknown = plain | {"stills": {"folder": tmp_path}, "loss": {"mesh": 1.0, "cross": 0.5}, "landmarks": guide}
    with pytest.raises(ValueError, match=r"loss\.mesh: looks at faces in the stills; set stills\.landmarks"):
        TrainingSettings.model_validate(unknown)
    with pytest.raises(ValueError, match="leave_out: the landmarks say"):
        StillSettings(folder=tmp_path, landmarks=tmp_path / "stills.npz", leave_out=tmp_path / "shown.csv")
    chosen = TrainingSettings.model_validate(plain | {"loss": {"cycle": 1.0, "cross": 0.5}})
    trainer = Trainer(chosen, tmp_path / "run", CPU)
    losses = losses_of(trainer)
    assert all(entry["cross_cycle"] > 0 and entry["equivariance"] > 0 for entry in losses)


def test_detail_teaches_the_painter_alone(clips: Path) -> None:
    with pytest.raises(ValueError, match=r"loss\.detail: teaches the transfer network alone, which is frozen"):
        TrainingSettings.model_validate(
            tiny_settings(clips).model_dump() | {"frozen": ["motion_transfer"], "loss": {"detail": 1.0}}
        )
    network, target = build_network(PRESETS["live-xs"]), torch.rand(2, 3, 64, 64)
    objective = ReconstructionObjective(LossSettings(detail=2.0, equivariance=0.0))
    outcome = objective.generator_loss(network, Example(target.flip(3), target, target), torch.Generator())
    assert outcome.painting is not None and torch.equal(outcome.painting, outcome.terms["detail"])
    others = [term for name, term in outcome.terms.items() if name != "detail"]
    torch.testing.assert_close(outcome.total, torch.stack(others).sum())


@pytest.mark.parametrize("loss", [{"identity": 0.1}, {"painted_identity": 0.1}, {"mesh": 0.1}], ids=str)
def test_losses_on_aligned_faces_need_landmarks(clips: Path, loss: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"add a \[landmarks\] section"):
        TrainingSettings.model_validate(tiny_settings(clips).model_dump() | {"loss": loss})


def test_parts_reach_the_checkpoint_and_must_be_points(clips: Path, tmp_path: Path) -> None:
    guide = guide_to_the_disc(clips, tmp_path).model_copy(
        update={"parts": {"face": (0, 1), "mouth": (1,)}, "openings": ((0, 1),), "depths": (0.1, -0.1)}
    )
    settings = tiny_settings(clips, steps=1).model_copy(update={"landmarks": guide})
    losses_of(Trainer(settings, tmp_path / "run", CPU))
    _, notes = load_checkpoint(tmp_path / "run" / "latest.safetensors")
    assert notes["parts"] == {"face": [0, 1], "mouth": [1]} and notes["openings"] == [[0, 1]]
    assert notes["depths"] == [0.1, -0.1] and notes["mirrors"] == [[0, 1]]
    further = tiny_settings(clips, steps=1).model_copy(update={"initial": tmp_path / "run" / "latest.safetensors"})
    losses_of(Trainer(further, tmp_path / "further", CPU))
    assert load_checkpoint(tmp_path / "further" / "latest.safetensors")[1]["parts"] == notes["parts"]
    other = guide.model_copy(update={"parts": {"face": (0,)}, "openings": (), "depths": ()})
    _, named = starting_network(further.model_copy(update={"landmarks": other}))
    assert named == {"parts": {"face": (0,)}, "openings": (), "depths": (), "mirrors": (), "hair_depths": ()}
    with pytest.raises(ValueError, match="mouth names 3, not a place in points; use 0 to 2"):
        LandmarkSettings.model_validate(guide.model_dump() | {"parts": {"mouth": (3,)}})
    with pytest.raises(ValueError, match="depths: 1 for 2 keypoints of the face"):
        LandmarkSettings.model_validate(guide.model_dump() | {"depths": (0.1,)})
    with pytest.raises(ValueError, match="hair_depths: 1 for 0 keypoints of the hair"):
        LandmarkSettings.model_validate(guide.model_dump() | {"hair_depths": ((0.1, 0.2),)})


def test_spans_outside_the_points_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="use 0 to 1"):
        LandmarkSettings(folder=tmp_path, points=((0, 1), (1, 0)), spans=((0, 2),))


def test_frozen_networks_stay_as_they_start(clips: Path, tmp_path: Path) -> None:
    settings = tiny_settings(clips, steps=2).model_copy(update={"frozen": ("keypoint_detector",)})
    trainer = Trainer(settings, tmp_path / "run", CPU)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    losses_of(trainer)
    after = trainer.network.state_dict()
    assert {name.split(".")[0] for name, value in after.items() if not value.equal(before[name])} == {
        "dense_motion",
        "motion_transfer",
    }


def test_parts_of_a_network_stay_as_they_start(clips: Path, tmp_path: Path) -> None:
    """With others' faces in the batch too, which look at the transfer network as it is and then let it learn again."""
    initial = tmp_path / "initial.safetensors"
    save_checkpoint(initial, build_network(PRESETS["live-xs"]), {"preset": "live-xs", "steps": 0})
    loss = LossSettings.model_validate({"cycle": 0.1, "cross": 0.5})
    settings = tiny_settings(clips, steps=2).model_copy(
        update={"frozen": ("motion_transfer.encoder",), "initial": initial, "loss": loss}
    )
    trainer = Trainer(settings, tmp_path / "run", CPU)
    before = {name: value.clone() for name, value in trainer.network.motion_transfer.state_dict().items()}
    losses_of(trainer)
    changed = {
        name.split(".")[0]
        for name, value in trainer.network.motion_transfer.state_dict().items()
        if not value.equal(before[name])
    }
    assert "encoder" not in changed and {"trunk", "detail", "head", "context"} <= changed


def test_something_must_learn_and_what_is_frozen_be_there(clips: Path) -> None:
    everything = ["keypoint_detector", "dense_motion", "motion_transfer"]
    with pytest.raises(ValueError, match="frozen: nothing is left that learns"):
        TrainingSettings.model_validate(tiny_settings(clips).model_dump() | {"frozen": everything})
    of_the_paper = tiny_settings(clips, preset="paper-64").model_dump() | {"frozen": ["motion_transfer.context"]}
    with pytest.raises(ValueError, match=r"frozen: paper-64 has no motion_transfer\.context"):
        TrainingSettings.model_validate(of_the_paper)


@pytest.mark.parametrize("objective", ["paper", "keypoints"])
@pytest.mark.parametrize("name", ["detail", "perceptual", "mesh", "cycle", "cross"])
def test_a_loss_that_an_objective_does_not_look_at_is_refused(clips: Path, objective: str, name: str) -> None:
    loss = {"objective": objective, name: 0.5}
    with pytest.raises(ValueError, match=rf"loss\.{name}: {objective} does not look at it; leave one of the two"):
        TrainingSettings.model_validate(tiny_settings(clips).model_dump() | {"loss": loss})


@pytest.mark.parametrize("objective", ["reconstruction", "keypoints"])
def test_keypoints_learn_to_move_as_landmarks_do(clips: Path, tmp_path: Path, objective: str) -> None:
    guide = guide_to_the_disc(clips, tmp_path).model_copy(update={"shift_weight": 1.0, "weight": (0.0, 0.0)})
    settings = tiny_settings(clips, steps=40, objective=objective).model_copy(update={"landmarks": guide})
    losses = losses_of(Trainer(settings, tmp_path / "run", CPU))
    early, late = (sum(entry["shift"] for entry in part) for part in (losses[:5], losses[-5:]))
    assert late < early


def test_turns_are_those_of_a_named_face(clips: Path, tmp_path: Path) -> None:
    guide = guide_to_the_disc(clips, tmp_path).model_dump() | {"turn_sampling": 2.0}
    with pytest.raises(ValueError, match="turn_sampling: looks at the face's shape; name its points in parts"):
        LandmarkSettings.model_validate(guide)
    named = LandmarkSettings.model_validate(guide | {"parts": {"face": (0, 1, 2)}})
    settings = tiny_settings(clips, steps=1).model_copy(update={"landmarks": named})
    (losses,) = losses_of(Trainer(settings, tmp_path / "run", CPU))
    assert losses["landmarks"] > 0


class WhatAMeanSees(torch.nn.Module):
    """An embedding of three numbers in the place of one that tells people apart."""

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        return faces.mean(dim=(2, 3))


@pytest.mark.parametrize(
    ("name", "motion_learns"), [("identity", True), ("painted_identity", False), ("detail", False)]
)
def test_a_painted_identity_and_detail_teach_to_paint_alone(name: str, motion_learns: bool) -> None:
    torch.manual_seed(0)
    network = build_network(PRESETS["live-xs"]).train()
    torch.nn.init.normal_(network.dense_motion.head.weight, std=0.1)
    loss = LossSettings.model_validate({name: 1.0, "warped": 0, "gradient": 0, "equivariance": 0})
    objective = ReconstructionObjective(loss, embedding=WhatAMeanSees())  # type: ignore[arg-type]
    source, driving = torch.rand(2, 2, 3, 64, 64)
    faces = torch.tensor([[0.3, -0.3], [0.1, -0.3], [-0.3, -0.3], [-0.1, -0.3], [0.0, 0.2]]).expand(2, 5, 2)
    example = Example(source, driving, driving, source_face_landmarks=faces, face_landmarks=faces)
    outcome = objective.generator_loss(network, example, torch.Generator())
    assert outcome.terms[name] > 0
    picture = outcome.terms["picture"]
    at_motion = torch.autograd.grad(outcome.total - picture, network.dense_motion.head.weight, retain_graph=True)[0]
    assert bool(at_motion.abs().max() > 1e-7) is motion_learns
    taught = outcome.total if outcome.painting is None else outcome.painting
    assert torch.autograd.grad(taught, network.motion_transfer.head.weight)[0].abs().max() > 0


def test_the_perceptual_term_counts_where_it_is_weighed(clips: Path, tmp_path: Path) -> None:
    plain = losses_of(Trainer(tiny_settings(clips, steps=1), tmp_path / "plain", CPU))[0]
    loss = LossSettings.model_validate({"perceptual": 0.1})
    settings = tiny_settings(clips, steps=1).model_copy(update={"loss": loss})
    weighed = losses_of(Trainer(settings, tmp_path / "weighed", CPU))[0]
    assert set(weighed) - set(plain) == {"perceptual"}
    assert weighed["perceptual"] > 0 and weighed["picture"] == plain["picture"]


def test_lips_are_those_of_a_named_mouth(clips: Path, tmp_path: Path) -> None:
    guide = guide_to_the_disc(clips, tmp_path).model_dump()
    guide |= {"lip_sampling": 2.0, "openings": ((0, 1),), "parts": {"face": (0, 1, 2)}}
    with pytest.raises(ValueError, match=r"lip_sampling: looks at lips; name them in openings and parts\.mouth"):
        LandmarkSettings.model_validate(guide)
    named = LandmarkSettings.model_validate(guide | {"parts": {"face": (0, 1, 2), "mouth": (0, 1)}})
    settings = tiny_settings(clips, steps=1).model_copy(update={"landmarks": named})
    (losses,) = losses_of(Trainer(settings, tmp_path / "run", CPU))
    assert np.isfinite(list(losses.values())).all()
