"""Whole runs on tiny clips: learning, exact resumption, guards, the command line."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from models import PRESETS, build_network
from models.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from models.config import LiveConfig
from models.live_transfer import Context
from tests.training.tiny_runs import CPU, losses_of, tiny_settings
from training.__main__ import main
from training.precision import fastest_precision
from training.settings import SettingsError, read_settings
from training.trainer import StepReport, Trainer, TrainingError


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
    settings = tiny_settings(clips, steps=1)
    rounded, exact = (
        losses_of(Trainer(settings.model_copy(update={"precision": name}), tmp_path / name, CPU))
        for name in ("bf16", "fp32")
    )
    assert exact != rounded
    assert exact[0] == pytest.approx(rounded[0], rel=0.1)


def test_bfloat16_is_chosen_only_where_the_processor_has_it(clips: Path, tmp_path: Path) -> None:
    assert fastest_precision(CPU, frozenset({"avx2", "avx512_bf16"})) == "bf16"
    assert fastest_precision(CPU, frozenset({"avx2", "avx512f"})) == "fp32"
    assert fastest_precision(CPU, frozenset()) == "fp32"  # the system does not tell
    settings = tiny_settings(clips).model_copy(update={"precision": "auto"})
    assert Trainer(settings, tmp_path, CPU).precision == fastest_precision(CPU)


def test_training_lowers_the_error_and_leaves_what_it_promises(clips: Path, tmp_path: Path) -> None:
    losses = losses_of(Trainer(tiny_settings(clips, steps=30), tmp_path, CPU))
    early, late = (sum(entry["picture"] for entry in part) for part in (losses[:5], losses[-5:]))
    assert late < early
    network, notes = load_checkpoint(tmp_path / "latest.safetensors")
    assert notes["steps"] == 30 and network.config == PRESETS["live-xs"]
    assert (tmp_path / "best.safetensors").is_file()
    assert (tmp_path / "previews" / "0000030.png").stat().st_size > 1000


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


def test_a_checkpoint_without_a_context_is_given_one_that_adds_nothing_yet(clips: Path, tmp_path: Path) -> None:
    config = PRESETS["live-s"]
    assert isinstance(config, LiveConfig) and config.context_widths
    earlier = build_network(replace(config, context_widths=())).eval()
    checkpoint = tmp_path / "earlier.safetensors"
    save_checkpoint(checkpoint, earlier, {"preset": "live-s", "steps": 0})
    settings = tiny_settings(clips, preset="live-s").model_copy(update={"initial": checkpoint})
    trainer = Trainer(settings, tmp_path / "run", CPU)
    pictures = torch.rand(2, 2, 3, 64, 64)
    with torch.inference_mode():
        expected, found = earlier(*pictures).image, trainer.average.network(*pictures).image
    torch.testing.assert_close(found, expected)
    losses_of(trainer, until=2)
    context = trainer.network.motion_transfer.context
    assert isinstance(context, Context) and context.head.weight.abs().max() > 0


def test_a_checkpoint_goes_on_with_the_source_scale_of_its_preset(clips: Path, tmp_path: Path) -> None:
    config = PRESETS["live-s"]
    assert isinstance(config, LiveConfig) and config.source_scale == 2
    earlier = build_network(replace(config, source_scale=1))
    checkpoint = tmp_path / "earlier.safetensors"
    save_checkpoint(checkpoint, earlier, {"preset": "live-s", "steps": 0})
    settings = tiny_settings(clips, preset="live-s").model_copy(update={"initial": checkpoint})
    network = Trainer(settings, tmp_path / "run", CPU).network
    assert network.config == config
    for name, value in earlier.state_dict().items():
        assert torch.equal(value, network.state_dict()[name]), name
    assert network.encode_source(torch.rand(1, 3, 64, 64))["source_image"].shape == (1, 3, 128, 128)


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


def test_what_a_configuration_does_not_say_its_base_says(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "all.toml").write_text("seed = 3\n[data]\ntrain = ['a']\nvalidation = ['b']\nstride = 4\n")
    (tmp_path / "common" / "live.toml").write_text("base = 'all.toml'\npreset = 'live-s'\nseed = 4\n")
    stage = "[[stages]]\nsize = 64\nbatch = 1\nsteps = 1\nlearning_rate = [1e-3, 1e-3]\n"
    (tmp_path / "run.toml").write_text(f"base = 'common/live.toml'\n[data]\ntrain = ['c']\n{stage}")
    settings = read_settings(tmp_path / "run.toml")
    assert (settings.preset, settings.seed, settings.data.stride) == ("live-s", 4, 4)
    assert settings.data.train == (Path("c"),) and settings.data.validation == (Path("b"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("base = 'gone.toml'", r"gone\.toml: no such configuration, which .*run\.toml names as its base"),
        ("base = 'run.toml'", r"run\.toml: base: name another file, which does not come back to this one"),
        ("base = 3", r"run\.toml: base: name another file"),
    ],
)
def test_a_base_that_cannot_be_one_is_named(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(SettingsError, match=expected):
        read_settings(tmp_path / "run.toml")


def test_command_line_reports_user_errors_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "missing.toml")]) == 2
    assert "missing.toml" in capsys.readouterr().err
    shipped = "training/configs/live-s.toml"
    assert main([shipped, "--out", shipped, "--device", "cpu"]) == 2
    assert f"{shipped}: is no folder; name one" in capsys.readouterr().err


def test_shipped_configurations_are_valid() -> None:
    configurations = sorted(Path("training/configs").glob("*.toml"))
    assert configurations
    for path in configurations:
        assert read_settings(path).total_steps > 0
