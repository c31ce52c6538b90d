"""The painter alone, taught on windows."""

from pathlib import Path

import pytest
import torch

from models import PRESETS, build_network
from models.checkpoint import save_checkpoint
from models.geometry import Keypoints
from models.live_transfer import LiveMotionTransfer
from models.portrait_net import PortraitNet
from realtime.parts import Parts
from tests.training.test_objectives_in_runs import guide_to_the_disc
from tests.training.tiny_runs import CPU, losses_of, tiny_settings
from training.in_a_call import moved_in_calls
from training.objective import Example, Outcome
from training.painting import centres_in_turns, ellipses, judged_places
from training.scene import Cast, look
from training.settings import TrainingSettings
from training.trainer import Trainer
from training.windows import Windows, windows_at


def painting_settings(clips: Path, tmp_path: Path, steps: int) -> TrainingSettings:
    guide = guide_to_the_disc(clips, tmp_path).model_dump() | {"judged": ((0, 1), (1, 2)), "emphasis": 1.0}
    loss = {"objective": "painting", "warped": 0.0, "detail": 0.3, "head_start": 1}
    return TrainingSettings.model_validate(
        tiny_settings(clips, steps).model_dump() | {"landmarks": guide, "loss": loss}
    )


def test_the_painter_and_its_judge_learn_and_nothing_else(clips: Path, tmp_path: Path) -> None:
    trainer = Trainer(painting_settings(clips, tmp_path, steps=3), tmp_path / "run", CPU)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    assert trainer.objective.discriminator is not None
    judge = {name: value.clone() for name, value in trainer.objective.discriminator.named_parameters()}
    losses = losses_of(trainer)
    pictures = {"picture", "gradient", "detail", "emphasis", "hold"}
    assert set(losses[0]) == pictures | {"convincing", "matching", "discriminator"}
    assert losses[0]["hold"] == 0 and losses[2]["hold"] > 0
    assert [bool(entry["convincing"] or entry["matching"]) for entry in losses] == [False, True, True]
    after = trainer.network.state_dict()
    changed = {name for name, value in after.items() if not value.equal(before[name])}
    painter = ("motion_transfer.trunk", "motion_transfer.widen", "motion_transfer.detail", "motion_transfer.head")
    assert {".".join(name.split(".")[:2]) for name in changed} == set(painter)
    assert not any("running" in name for name in changed)
    # A hinge that nobody is beyond yet moves no bias of the judgements.
    learned = {name: value for name, value in trainer.objective.discriminator.named_parameters() if name != "head.bias"}
    assert all(not value.equal(judge[name]) for name, value in learned.items())


def test_a_run_of_the_painter_resumes_as_if_it_had_not_stopped(clips: Path, tmp_path: Path) -> None:
    settings = painting_settings(clips, tmp_path, steps=4)
    whole = losses_of(Trainer(settings, tmp_path / "whole", CPU))
    losses_of(Trainer(settings, tmp_path / "parts", CPU), until=2)
    resumed = Trainer(settings, tmp_path / "parts", CPU)
    resumed.resume()
    assert losses_of(resumed) == whole[2:]


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    torch.manual_seed(5)
    network = build_network(PRESETS["live-xs"])
    torch.nn.init.zeros_(network.get_parameter("motion_transfer.head.bias"))  # as it starts it copies
    path = tmp_path / "teacher.safetensors"
    save_checkpoint(path, network, {})
    return path


def test_a_taught_painter_comes_nearer_to_its_teachers_picture(clips: Path, tmp_path: Path, teacher: Path) -> None:
    plain = painting_settings(clips, tmp_path, steps=10).model_dump()
    taught = TrainingSettings.model_validate(plain | {"preset": "live-xs", "teacher": {"checkpoint": teacher}})
    trainer = Trainer(taught, tmp_path / "run", CPU)
    losses = losses_of(trainer)
    for part in ("picture", "hold"):  # inside the judged and beside it
        assert losses[-1][part] < 0.7 * losses[0][part]
    same = taught.model_copy(update={"initial": teacher})
    (first, *_) = losses_of(Trainer(same, tmp_path / "same", CPU), until=1)
    assert first["picture"] < 1e-6 and first["hold"] < 1e-6


def with_strangers(settings: TrainingSettings) -> TrainingSettings:
    return settings.model_copy(update={"loss": settings.loss.model_copy(update={"cross": 0.5})})


def test_strangers_are_judged_without_a_true_picture_and_keep_their_shades(clips: Path, tmp_path: Path) -> None:
    settings = with_strangers(painting_settings(clips, tmp_path, steps=3))
    trainer = Trainer(settings, tmp_path / "run", CPU)
    outcomes, learn = [], trainer.objective.discriminator_loss

    def kept(example: Example, outcome: Outcome) -> torch.Tensor:
        outcomes.append(outcome)
        return learn(example, outcome)

    trainer.objective.discriminator_loss = kept  # type: ignore[method-assign]
    losses = losses_of(trainer)
    count = settings.stages[0].batch
    for outcome in outcomes:
        painted = outcome.painted
        assert painted is not None
        assert len(painted.true) == count
        assert len(painted.made) == len(painted.where) == count + round(count / 2)
        assert painted.where[count:].amax() > 0.9  # something of the strangers is judged
    assert losses[0]["shades"] == 0 and losses[2]["shades"] > 0


def test_strangers_are_moved_as_a_call_moves_them(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = painting_settings(clips, tmp_path, steps=1).model_dump()
    named = {"parts": {"face": (0, 1, 2), "mouth": (0, 1)}, "openings": ((0, 1),)}
    settings = with_strangers(TrainingSettings.model_validate(plain | {"landmarks": plain["landmarks"] | named}))
    asked, moved = [], []

    def spied(driving: Keypoints, portraits: Keypoints, neutral: Keypoints, parts: Parts) -> Keypoints:
        asked.append((driving, portraits, neutral, parts))
        moved.append(moved_in_calls(driving, portraits, neutral, parts))
        return moved[-1]

    def seen(network: PortraitNet, *args: object, **named: object) -> Cast:
        casts.append(look(network, *args, **named))  # type: ignore[arg-type]
        return casts[-1]

    casts: list[Cast] = []
    monkeypatch.setattr("training.painting.moved_in_calls", spied)
    monkeypatch.setattr("training.painting.look", seen)
    losses_of(Trainer(settings, tmp_path / "run", CPU))
    ((driving, portraits, neutral, parts),), (cast,) = asked, casts
    assert cast.moved is moved[0] and len(cast.moved.mean) == round(settings.stages[0].batch / 2)
    count = len(cast.moved.mean)
    assert torch.equal(driving.mean, cast.driving.mean[:count]) and portraits is cast.portraits.keypoints
    assert torch.equal(neutral.mean, cast.sources.keypoints.mean[:count])
    assert parts.lips.tolist() == [[0, 1]] and parts.tells("face")


def test_a_teacher_paints_strangers_too(clips: Path, tmp_path: Path, teacher: Path) -> None:
    plain = painting_settings(clips, tmp_path, steps=1).model_dump() | {"preset": "live-xs", "initial": teacher}
    taught = TrainingSettings.model_validate(plain | {"teacher": {"checkpoint": teacher}})
    (first,) = losses_of(Trainer(with_strangers(taught), tmp_path / "run", CPU))
    assert "shades" not in first and first["picture"] < 1e-6 and first["emphasis"] < 1e-6


def test_a_window_is_painted_as_the_whole_picture_is() -> None:
    torch.manual_seed(0)
    painter = build_network(PRESETS["live-xs"]).eval().motion_transfer
    assert isinstance(painter, LiveMotionTransfer)
    met, warped = torch.rand(2, 96, 64, 64), torch.rand(2, 3, 256, 256)
    windows = windows_at(torch.tensor([[0.0, 0.2], [0.9, -0.9]]), 64)
    with torch.no_grad():
        whole = windows.within(windows.of_pictures(painter.paint(met, warped)))
        part = windows.within(painter.paint(windows.of_features(met), windows.of_pictures(warped)))
    torch.testing.assert_close(part, whole, atol=1e-5, rtol=0)


def test_ellipses_are_in_their_boxes_and_nowhere_without() -> None:
    corners = torch.tensor([[[10.0, 16.0], [30.0, 24.0]]]).repeat(2, 1, 1)
    corners[1, 1] = torch.nan
    known, unknown = ellipses(corners, 40)
    assert known[0, 20, 20] > 0.9 and known[0, 20, 9] > 0.5 and known[0, 33, 20] < 0.05 and known[0, 2, 2] < 0.01
    assert (unknown == 0).all()


def test_pictures_are_looked_at_around_one_group_after_the_other_and_judged_wherever_one_is_seen() -> None:
    groups = torch.tensor([[[-0.2, -0.3], [0.2, -0.1]], [[-0.1, 0.4], [0.3, 0.6]]]).repeat(3, 1, 1, 1)
    groups[2, 1] = torch.nan
    centres = centres_in_turns(groups)
    torch.testing.assert_close(centres, torch.tensor([[0.0, -0.2], [0.1, 0.5], [0.0, -0.2]]))
    windows = Windows(torch.zeros(3, 2, dtype=torch.long), side=66, margin=1)  # the whole picture, and a little more
    both, _, first_alone = judged_places(windows, groups, 256, 256)
    middles = [(100, 124), (188, 137)]  # row and column of either group
    assert [both[0, row, column] > 0.9 for row, column in middles] == [True, True]
    assert [first_alone[0, row, column] > 0.9 for row, column in middles] == [True, False]
    assert both[0, 30, 30] < 0.01


def test_settings_say_what_painting_needs(clips: Path, tmp_path: Path) -> None:
    plain = painting_settings(clips, tmp_path, steps=1).model_dump()
    with pytest.raises(ValueError, match=r"name some in landmarks\.judged"):
        TrainingSettings.model_validate(plain | {"landmarks": plain["landmarks"] | {"judged": ()}})
    with pytest.raises(ValueError, match="judged names 3, not a place in points; use 0 to 2"):
        TrainingSettings.model_validate(plain | {"landmarks": plain["landmarks"] | {"judged": ((0,), (3,))}})
    with pytest.raises(ValueError, match=r"loss\.mesh: painting does not look at it; leave one of the two"):
        TrainingSettings.model_validate(plain | {"loss": plain["loss"] | {"mesh": 1.0}})
    taught = {"teacher": {"checkpoint": "teacher.safetensors", "emphasised": 4, "emphasis": 1.0}}
    with pytest.raises(ValueError, match=r"teacher\.emphasis: painting looks around landmarks\.judged; leave it"):
        TrainingSettings.model_validate(plain | taught)
    judged = {"teacher": {"checkpoint": "teacher.safetensors"}, "loss": plain["loss"] | {"painted_identity": 1.0}}
    with pytest.raises(ValueError, match=r"loss\.painted_identity: a teacher's picture says whose it is"):
        TrainingSettings.model_validate(plain | judged)
    for wrong in ({"preset": "paper-64"}, {"frozen": ["motion_transfer"]}):
        with pytest.raises(
            ValueError, match="painting trains a live preset's motion_transfer, which must not be frozen"
        ):
            TrainingSettings.model_validate(plain | {"loss": {"objective": "painting"}} | wrong)
