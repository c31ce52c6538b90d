"""The flow objective: it leads where landmarks say, where they are shown, and moves nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import PRESETS, build_network
from models.dense_motion import DenseFlow
from models.geometry import coordinate_grid
from realtime.parts import Parts
from tests.training.tiny_runs import CPU, losses_of, tiny_settings
from training.landmarks import asides
from training.led_flow import LedFlowObjective, around, changed, led_astray, shown
from training.objective import Example
from training.sections import LandmarkSettings, LossSettings
from training.settings import TrainingSettings
from training.trainer import Trainer

LED = ((2, 0, 1),)
# Two lids, the iris between them, and two more points of the face, whose spread is about 0.4.
EYE = torch.tensor([[[-0.2, -0.3], [-0.2, -0.2], [-0.2, -0.25], [0.4, 0.3], [-0.4, 0.4]]])
SIZE = 64


def example(source: torch.Tensor, driving: torch.Tensor) -> Example:
    picture = torch.rand(len(source), 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    return Example(picture, picture, picture, source_landmarks=source, driving_landmarks=driving, led=LED)


def looking(aside: float, lids: float = 1.0) -> torch.Tensor:
    points = EYE.clone()
    points[:, 2, 0] += aside
    points[:, 1, 1] = points[:, 0, 1] + lids * 0.1
    return points


def test_a_flow_that_leads_from_iris_to_iris_costs_nothing_and_another_its_pixels() -> None:
    source, driving = looking(0.0), looking(0.05)
    right = torch.tensor([-0.05, 0.0]).expand(1, SIZE, SIZE, 2)
    both = example(source, driving)
    assert led_astray(right, source, driving, both) == pytest.approx(0, abs=1e-5)
    assert led_astray(0 * right, source, driving, both) == pytest.approx(0.05 * SIZE / 2, rel=1e-4)


@pytest.mark.parametrize(("source", "driving"), [(looking(0.0, lids=0.1), looking(0.05)), (looking(0.0), EYE * np.nan)])
def test_what_is_hidden_or_unknown_does_not_count(source: torch.Tensor, driving: torch.Tensor) -> None:
    displacement = torch.ones(1, SIZE, SIZE, 2, requires_grad=True)
    cost = led_astray(displacement, source, driving, example(source, driving))
    (gradient,) = torch.autograd.grad(cost, displacement)
    assert cost == 0 and not gradient.any()


def test_points_are_shown_while_what_hides_them_is_apart() -> None:
    points = torch.cat([looking(0.0), looking(0.0, lids=0.3), EYE * np.nan])
    assert shown(points, LED, Parts()).tolist() == [[True], [False], [False]]


def test_the_flow_may_change_around_what_is_led_and_little_elsewhere() -> None:
    near = around(EYE, example(EYE, EYE), SIZE)
    distance = (coordinate_grid(SIZE, SIZE, False, CPU) - EYE[0, 2]).norm(dim=-1)
    assert near[0][distance < 0.05].min() > 0.9 and near[0][distance > 0.4].max() < 0.01
    still = DenseFlow(torch.zeros(1, SIZE, SIZE, 2), torch.zeros(0), torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4))
    inside, outside = (
        still._replace(displacement=0.1 * place[..., None].expand(-1, -1, -1, 2)) for place in (near, 1 - near)
    )
    assert changed(still, still, near) == 0
    per_pixel = [float(changed(flow, still, near) / flow.displacement.mean()) for flow in (inside, outside)]
    assert per_pixel[0] < 0.3 * per_pixel[1]
    assert changed(still._replace(occlusion=torch.ones(1, 1, 4, 4)), still, near) > 1


def test_the_dense_motion_learns_to_lead_and_nothing_else_does() -> None:
    torch.manual_seed(0)
    network = build_network(PRESETS["live-xs"])
    objective = LedFlowObjective(LossSettings.model_validate({"objective": "flow", "hold": 0.1}), network.dense_motion)
    both = example(looking(0.0), looking(0.06))
    both = replace(both, driving=both.source.roll(2, dims=-1))
    optimizer = torch.optim.Adam(network.dense_motion.parameters(), 2e-3)
    led = []
    for _ in range(40):
        outcome = objective.generator_loss(network, both, torch.Generator())
        led.append(outcome.terms["led"].item())
        optimizer.zero_grad()
        outcome.total.backward()
        optimizer.step()
    assert led[-1] < 0.7 * led[0]
    others = (network.keypoint_detector, network.motion_transfer)
    assert all(parameter.grad is None for other in others for parameter in other.parameters())


def test_what_is_led_is_told_by_how_far_aside_it_is_whatever_the_size_and_the_tilt() -> None:
    tilt = np.array([[0.8, -0.6], [0.6, 0.8]], np.float32)
    views = [looking(0.05), looking(-0.05), looking(0.05, lids=0.1)]
    points = np.concatenate([2 * view.numpy() @ tilt for view in views])
    found = asides(points, np.array(LED), [0, 1, 2, 3, 4])
    plain = asides(np.concatenate([view.numpy() for view in views]), np.array(LED), [0, 1, 2, 3, 4])
    np.testing.assert_allclose(found, plain, atol=1e-4)
    assert found[0, 0] == pytest.approx(-found[1, 0], rel=0.1) and abs(found[0, 0]) > 0.1
    assert np.isnan(found[2, 0])


def landmarks_of_an_eye(clips: Path, tmp_path: Path) -> LandmarkSettings:
    """An eye that looks from the one side to the other in every clip."""
    folder = tmp_path / "landmarks"
    folder.mkdir()
    points = np.stack([looking(float(aside))[0].numpy() for aside in np.linspace(-0.08, 0.08, 24)])
    for clip in clips.iterdir():
        np.savez(folder / f"{clip.stem}.npz", stride=1, points=((points + 1) / 2).astype(np.float16))
    places = tuple((place, place) for place in range(5))
    return LandmarkSettings(folder=folder, points=places, parts={"face": (0, 1, 2, 3, 4)}, led=LED, led_sampling=5.0)


def test_a_run_trains_the_dense_motion_alone(clips: Path, tmp_path: Path) -> None:
    plain = tiny_settings(clips, steps=2).model_dump() | {"loss": {"objective": "flow"}}
    settings = TrainingSettings.model_validate(plain | {"landmarks": landmarks_of_an_eye(clips, tmp_path)})
    trainer = Trainer(settings, tmp_path / "run", CPU)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    losses = losses_of(trainer)
    assert set(losses[0]) == {"led", "hold"} and all(entry["led"] > 0 for entry in losses)
    state = trainer.network.state_dict()
    assert {name.split(".")[0] for name, value in state.items() if (value != before[name]).any()} == {"dense_motion"}


def test_what_a_flow_cannot_be_led_by_is_refused(clips: Path, tmp_path: Path) -> None:
    plain = tiny_settings(clips).model_dump() | {"loss": {"objective": "flow"}}
    guide = landmarks_of_an_eye(clips, tmp_path)
    with pytest.raises(ValueError, match=r"flow looks at landmarks; name some in landmarks\.led"):
        TrainingSettings.model_validate(plain)
    with pytest.raises(ValueError, match="flow trains a live preset's dense_motion, which must not be frozen"):
        TrainingSettings.model_validate(plain | {"landmarks": guide, "frozen": ("dense_motion",)})
    wrong: dict[str, dict[str, object]] = {
        "led: is measured in sizes of the face": {"parts": {}, "led_sampling": 0.0},
        "led_sampling: looks at what is led": {"led": ()},
        "led names 7, not a place in points": {"led": ((7, 0, 1),)},
    }
    for message, change in wrong.items():
        with pytest.raises(ValueError, match=message):
            LandmarkSettings.model_validate(guide.model_dump() | change)
