"""A checkpoint between two: whole networks, some of them, and one that had no context yet."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models import PRESETS, build_network
from models.checkpoint import load_checkpoint, save_checkpoint
from models.config import LiveConfig
from models.live_transfer import Context
from training.average import averaged, main

NOTES = {"preset": "live-s", "steps": 7}


def two(tmp_path: Path, preset: str) -> tuple[Path, Path]:
    paths = tmp_path / "earlier.safetensors", tmp_path / "later.safetensors"
    for seed, path in enumerate(paths):
        torch.manual_seed(seed)
        save_checkpoint(path, build_network(PRESETS[preset]), NOTES | {"steps": seed})
    return paths


def test_the_named_networks_lie_between_and_the_others_are_the_laters(tmp_path: Path) -> None:
    earlier, later = (load_checkpoint(path)[0] for path in two(tmp_path, "live-xs"))
    before, after = earlier.state_dict(), later.state_dict()
    found = averaged(earlier, later, 0.25, ("motion_transfer",)).state_dict()
    for name, value in found.items():
        if name.startswith("motion_transfer") and value.is_floating_point():
            torch.testing.assert_close(value, 0.75 * before[name] + 0.25 * after[name])
        else:
            assert torch.equal(value, after[name]), name
    for share, expected in ((0.0, before), (1.0, after)):
        ends = averaged(earlier, later, share).state_dict()
        assert all(torch.equal(ends[name], value) for name, value in expected.items() if value.is_floating_point())


def test_a_context_that_the_earlier_lacked_adds_its_share(tmp_path: Path) -> None:
    config = PRESETS["live-s"]
    assert isinstance(config, LiveConfig)
    earlier, later = build_network(replace(config, context_widths=())), build_network(config)
    context = later.motion_transfer.context
    assert isinstance(context, Context)
    torch.nn.init.normal_(context.head.weight)
    paths = tmp_path / "earlier.safetensors", tmp_path / "later.safetensors"
    for path, network in zip(paths, (earlier, later), strict=True):
        save_checkpoint(path, network, NOTES)
    out = tmp_path / "between.safetensors"
    assert main([*map(str, paths), str(out), "--share", "0.4"]) == 0
    found, notes = load_checkpoint(out)
    assert notes == NOTES
    features = torch.rand(1, 96, 16, 16)
    between = found.motion_transfer.context
    assert isinstance(between, Context)
    with torch.inference_mode():
        added = context.eval()(features) - features
        torch.testing.assert_close(between(features) - features, 0.4 * added, atol=0.01, rtol=0.01)


def test_networks_of_other_shapes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    earlier, later = two(tmp_path, "live-xs")
    save_checkpoint(earlier, build_network(PRESETS["live-m"]), NOTES)
    assert main([str(earlier), str(later), str(tmp_path / "out.safetensors")]) == 2
    assert "earlier.safetensors: of another shape" in capsys.readouterr().err
    assert not (tmp_path / "out.safetensors").exists()
    with pytest.raises(SystemExit):
        main([str(later), str(later), str(tmp_path / "out.safetensors"), "--share", "1.5"])
    assert "1.5 is not between 0 and 1" in capsys.readouterr().err
    assert main([str(later), str(later), str(later / "out.safetensors")]) == 2
    assert str(later) in capsys.readouterr().err
