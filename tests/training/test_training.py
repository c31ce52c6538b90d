"""Whole runs on tiny clips: learning, exact resumption, guards, the command line."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from models import PRESETS, build_network
from models.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from tests.training.clip_files import disc_frames, write_stacked_png
from training.__main__ import main
from training.objectives import ReconstructionObjective
from training.settings import (
    DataSettings,
    LandmarkSettings,
    LossSettings,
    SettingsError,
    StageSettings,
    TrainingSettings,
    read_settings,
)
from training.trainer import StepReport, Trainer, TrainingError

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for index in range(6):
        write_stacked_png(folder / f"{index}.png", disc_frames(24, 64, seed=index))
    return folder


def tiny_settings(
    clips: Path, steps: int = 4, objective: str = "reconstruction", preset: str = "live-xs"
) -> TrainingSettings:
    data = DataSettings(train=(clips,), validation=(clips,), stride=1, cache=clips.parent / "cache")
    stages = (StageSettings(size=64, batch=2, steps=steps, learning_rate=(1e-3, 1e-4)),)
    loss = LossSettings.model_validate({"objective": objective})
    return TrainingSettings(preset=preset, data=data, stages=stages, loss=loss, validation_steps=2, preview_steps=2)


def losses_of(trainer: Trainer, until: int | None = None) -> list[dict[str, float]]:
    reports: list[StepReport] = []
    trainer.run(reports.append, until)
    return [report.losses for report in reports]


def test_resumed_run_equals_an_uninterrupted_one(clips: Path, tmp_path: Path) -> None:
    whole = Trainer(tiny_settings(clips), tmp_path / "whole", CPU)
    expected = losses_of(whole)

    first = Trainer(tiny_settings(clips), tmp_path / "parts", CPU)
    found = losses_of(first, until=2)
    second = Trainer(tiny_settings(clips), tmp_path / "parts", CPU)
    second.resume()
    found += losses_of(second)

    assert found == expected
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name
    for name, value in whole.average.network.state_dict().items():
        assert torch.equal(value, second.average.network.state_dict()[name]), name


def test_precision_is_obeyed(clips: Path, tmp_path: Path) -> None:
    rounded = losses_of(Trainer(tiny_settings(clips, steps=1), tmp_path / "bf16", CPU))[0]
    settings = tiny_settings(clips, steps=1).model_copy(update={"precision": "fp32"})
    exact = losses_of(Trainer(settings, tmp_path / "fp32", CPU))[0]
    assert exact != rounded
    assert exact == pytest.approx(rounded, rel=0.1)


def test_training_lowers_the_error_and_leaves_what_it_promises(clips: Path, tmp_path: Path) -> None:
    losses = losses_of(Trainer(tiny_settings(clips, steps=30), tmp_path, CPU))
    early, late = (sum(entry["picture"] for entry in part) for part in (losses[:5], losses[-5:]))
    assert late < early
    network, notes = load_checkpoint(tmp_path / "latest.safetensors")
    assert notes["steps"] == 30 and network.config == PRESETS["live-xs"]
    assert (tmp_path / "best.safetensors").is_file()
    assert (tmp_path / "previews" / "0000030.png").stat().st_size > 1000


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


def test_an_identity_loss_needs_landmarks(clips: Path) -> None:
    with pytest.raises(ValueError, match=r"add a \[landmarks\] section"):
        TrainingSettings.model_validate(tiny_settings(clips).model_dump() | {"loss": {"identity": 0.1}})


def test_parts_reach_the_checkpoint_and_must_be_points(clips: Path, tmp_path: Path) -> None:
    guide = guide_to_the_disc(clips, tmp_path).model_copy(update={"parts": {"face": (0, 1), "mouth": (1,)}})
    settings = tiny_settings(clips, steps=1).model_copy(update={"landmarks": guide})
    losses_of(Trainer(settings, tmp_path / "run", CPU))
    _, notes = load_checkpoint(tmp_path / "run" / "latest.safetensors")
    assert notes["parts"] == {"face": [0, 1], "mouth": [1]}
    further = tiny_settings(clips, steps=1).model_copy(update={"initial": tmp_path / "run" / "latest.safetensors"})
    losses_of(Trainer(further, tmp_path / "further", CPU))
    assert load_checkpoint(tmp_path / "further" / "latest.safetensors")[1]["parts"] == notes["parts"]
    with pytest.raises(ValueError, match="mouth names 3, not a place in points; use 0 to 2"):
        LandmarkSettings.model_validate(guide.model_dump() | {"parts": {"mouth": (3,)}})


def test_spans_outside_the_points_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="use 0 to 1"):
        LandmarkSettings(folder=tmp_path, points=((0, 1), (1, 0)), spans=((0, 2),))


def test_interruption_writes_a_checkpoint(clips: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_settings(clips, steps=100), tmp_path, CPU)

    def interrupt(report: StepReport) -> None:
        if report.step == 2:
            raise KeyboardInterrupt

    trainer.run(interrupt)
    resumed = Trainer(tiny_settings(clips, steps=100), tmp_path, CPU)
    resumed.resume()
    assert resumed.step == 2


def test_a_loss_that_is_not_finite_stops_before_the_weights(clips: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_settings(clips), tmp_path, CPU)
    losses_of(trainer, until=1)
    saved = trainer.state_file.read_bytes()
    with torch.no_grad():
        bias = trainer.network.dense_motion.head.bias
        assert bias is not None
        bias[0] = float("nan")
    with pytest.raises(TrainingError, match="loss .* is nan at step 1"):
        losses_of(trainer)
    assert trainer.state_file.read_bytes() == saved


def test_a_gradient_alone_that_is_not_finite_stops_too(clips: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_settings(clips), tmp_path, CPU)
    losses_of(trainer, until=1)
    before = [parameter.clone() for parameter in trainer.network.parameters()]
    head = trainer.network.dense_motion.head.weight
    handle = head.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(TrainingError, match="gradient of the networks is .* at step 1"):
        losses_of(trainer)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.network.parameters(), strict=True))
    handle.remove()
    resumed = Trainer(tiny_settings(clips), tmp_path, CPU)
    resumed.resume()
    assert losses_of(resumed)


def test_the_best_checkpoint_is_that_of_the_lowest_validation_error(clips: Path, tmp_path: Path) -> None:
    reports: list[StepReport] = []
    Trainer(tiny_settings(clips, steps=6), tmp_path, CPU).run(reports.append)
    measured = {report.step: report.validation.result_l1 for report in reports if report.validation is not None}
    assert list(measured) == [2, 4, 6]
    _, notes = load_checkpoint(tmp_path / "best.safetensors")
    assert measured[notes["steps"]] == notes["best_l1"] == min(measured.values())


def test_the_last_step_is_validated_however_short_the_run(clips: Path, tmp_path: Path) -> None:
    Trainer(tiny_settings(clips, steps=1), tmp_path, CPU).run(lambda report: None)
    _, notes = load_checkpoint(tmp_path / "best.safetensors")
    assert notes["steps"] == 1


def test_the_command_line_leaves_scalars_and_preview_sheets_for_tensorboard(clips: Path, tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(
        f"""
        preset = "live-xs"
        preview_steps = 2
        validation_steps = 2
        data = {{ train = ["{clips}"], validation = ["{clips}"], stride = 1, cache = "{tmp_path / "cache"}" }}
        stages = [{{ size = 64, batch = 2, steps = 2, learning_rate = [1e-3, 1e-4] }}]
        """
    )
    assert main([str(config), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 0
    events = EventAccumulator(str(tmp_path / "out" / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss/picture")] == [1, 2]
    assert 0 <= events.Scalars("run/waiting_share")[-1].value < 1
    assert [event.step for event in events.Scalars("validation/result_l1")] == [2]
    (sheet,) = events.Images("preview")
    assert sheet.step == 2 and sheet.width == 7 * 64


def test_a_run_can_start_from_an_earlier_checkpoint(clips: Path, tmp_path: Path) -> None:
    losses_of(Trainer(tiny_settings(clips), tmp_path / "first", CPU), until=1)
    checkpoint = tmp_path / "first" / "latest.safetensors"
    second = Trainer(tiny_settings(clips).model_copy(update={"initial": checkpoint}), tmp_path / "second", CPU)
    earlier, _ = load_checkpoint(checkpoint)
    for name, value in earlier.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name
    losses_of(second, until=1)
    assert not torch.equal(second.network.dense_motion.head.weight, earlier.dense_motion.head.weight)
    with pytest.raises(CheckpointError, match="live-s"):
        Trainer(tiny_settings(clips, preset="live-s").model_copy(update={"initial": checkpoint}), tmp_path, CPU)


def test_resuming_another_preset_is_refused(clips: Path, tmp_path: Path) -> None:
    losses_of(Trainer(tiny_settings(clips), tmp_path, CPU), until=1)
    other = Trainer(tiny_settings(clips, preset="live-s"), tmp_path, CPU)
    with pytest.raises(CheckpointError, match="other networks"):
        other.resume()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("preset = 'live-q'", "live-q"), ("presett = 'live-s'", "presett"), ("preset =", "not valid TOML")],
)
def test_configuration_errors_name_file_and_field(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=expected) as caught:
        read_settings(path)
    assert "run.toml" in str(caught.value)


def test_command_line_reports_user_errors_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "missing.toml")]) == 2
    assert "missing.toml" in capsys.readouterr().err


def test_shipped_configurations_are_valid() -> None:
    configurations = sorted(Path("training/configs").glob("*.toml"))
    assert configurations
    for path in configurations:
        assert read_settings(path).total_steps > 0


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


def test_the_perceptual_term_counts_where_it_is_weighed(clips: Path, tmp_path: Path) -> None:
    plain = losses_of(Trainer(tiny_settings(clips, steps=1), tmp_path / "plain", CPU))[0]
    loss = LossSettings.model_validate({"perceptual": 0.1})
    settings = tiny_settings(clips, steps=1).model_copy(update={"loss": loss})
    weighed = losses_of(Trainer(settings, tmp_path / "weighed", CPU))[0]
    assert set(weighed) - set(plain) == {"perceptual"}
    assert weighed["perceptual"] > 0 and weighed["picture"] == plain["picture"]
