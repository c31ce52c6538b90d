"""The authors' checkpoints: equal to their networks stated again in 3-D, and nothing left over or unpickled."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from export.examples import example_pictures
from export.import_original import ImportOriginalError, import_original, main
from export.original_config import OriginalConfigError, read_original_config
from models import PRESETS
from models.checkpoint import load_checkpoint
from models.geometry import coordinate_grid
from tests.export.original_networks import Generator, KpDetector

TOLERANCE = 1e-4
Config = dict[str, Any]


def _authors_config(size: int, scale: float, blocks: int) -> Config:
    """The settings of the authors' vox.yaml (256) and taichi.yaml (64), without what concerns training alone."""
    sizes = {"block_expansion": 32, "max_features": 1024}
    embedding = {"use_heatmap": True, "norm_const": 100, "heatmap_type": "difference"}
    motion = {"num_blocks": 5, "use_mask": True, "use_correction": True, "scale_factor": scale, "num_group_blocks": 2}
    return {
        "dataset_params": {"image_shape": [size, size, 3]},
        "model_params": {
            "common_params": {"num_kp": 10, "kp_variance": "matrix", "num_channels": 3},
            "kp_detector_params": sizes
            | {"temperature": 0.1, "scale_factor": scale, "num_blocks": 5, "clip_variance": 0.001},
            "generator_params": sizes
            | {
                "num_blocks": blocks,
                "num_refinement_blocks": 4,
                "dense_motion_params": sizes
                | motion
                | {"mask_embedding_params": embedding | {"use_deformed_source_image": True}},
                "kp_embedding_params": embedding | {"scale_factor": scale},
            },
            "discriminator_params": {"block_expansion": 32},
        },
    }


CONFIGS = {"paper-256": _authors_config(256, 0.25, 7), "paper-64": _authors_config(64, 1, 5)}


def _authors_networks(config: Config) -> tuple[KpDetector, Generator]:
    """With weights and norms as training leaves them: none at its initial value."""
    torch.manual_seed(3)
    model = config["model_params"]
    detector = KpDetector(model["common_params"], model["kp_detector_params"])
    generator = Generator(model["common_params"], model["generator_params"])
    for network in (detector, generator):
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm3d):
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.uniform_(module.bias, -0.2, 0.2)
                assert module.running_mean is not None and module.running_var is not None
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
    # Heatmaps that place keypoints apart, and a flow that is felt.
    torch.nn.init.normal_(detector.predictor.decoder.conv.weight, 0, 0.3)  # type: ignore[union-attr]
    return detector.eval(), generator.eval()


def _checkpoint(config: Config) -> dict[str, Any]:
    detector, generator = _authors_networks(config)
    return {
        "generator": generator.state_dict(),
        "kp_detector": detector.state_dict(),
        "discriminator": {"conv.weight": torch.zeros(1)},
        "optimizer_generator": {"state": {}, "param_groups": [{"lr": 2e-4, "params": [0]}]},
        "epoch": 14,
        "it": 3,
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Config]:
    """A checkpoint, its YAML and the settings, of networks small enough to write quickly."""
    config = copy.deepcopy(CONFIGS["paper-64"])
    model = config["model_params"]
    motion = model["generator_params"]["dense_motion_params"]
    for section in (model["kp_detector_params"], model["generator_params"], motion):
        section |= {"block_expansion": 8, "max_features": 32}
    folder = tmp_path_factory.mktemp("original")
    torch.save(_checkpoint(config), folder / "small.pth.tar")
    (folder / "small.yaml").write_text(yaml.safe_dump(config))
    return folder / "small.pth.tar", folder / "small.yaml", config


@pytest.mark.parametrize("preset", CONFIGS)
@torch.no_grad()
def test_ours_computes_what_the_authors_networks_compute(preset: str, tmp_path: Path) -> None:
    config = CONFIGS[preset]
    torch.save(_checkpoint(config), tmp_path / "original.pth.tar")
    (tmp_path / "original.yaml").write_text(yaml.safe_dump(config))
    ours = import_original(tmp_path / "original.pth.tar", read_original_config(tmp_path / "original.yaml"))
    assert ours.config == PRESETS[preset]
    detector, generator = _authors_networks(config)
    # Smooth as photographs are: in white noise a position's last bit is worth 1e-4 of brightness.
    source, driving = example_pictures(ours.config.image_size)
    still, moved = (detector(picture.unsqueeze(2)) for picture in (source, driving))
    found = ours.detect_keypoints(driving)
    torch.testing.assert_close(found.mean, moved["mean"][:, 0], atol=TOLERANCE, rtol=0)
    torch.testing.assert_close(found.covariance, moved["var"][:, 0], atol=TOLERANCE, rtol=0)
    assert (moved["mean"] - still["mean"]).abs().max() > 0.02
    theirs = generator(source.unsqueeze(2), moved, still)
    animation = ours(source, driving)
    height, width = animation.flow.displacement.shape[1:3]
    positions = animation.flow.displacement + coordinate_grid(height, width, True, source.device)
    torch.testing.assert_close(positions, theirs["positions"][:, 0, ..., :2], atol=TOLERANCE, rtol=0)
    torch.testing.assert_close(animation.warped, theirs["deformed"][:, :, 0], atol=TOLERANCE, rtol=0)
    torch.testing.assert_close(animation.image, theirs["prediction"][:, :, 0], atol=TOLERANCE, rtol=0)


def test_the_command_writes_a_checkpoint_of_ours(small: tuple[Path, Path, Config], tmp_path: Path) -> None:
    checkpoint, config, _ = small
    out = tmp_path / "ours.safetensors"
    assert main([str(checkpoint), str(out), "--config", str(config)]) == 0
    network, notes = load_checkpoint(out)
    assert network.config.family == "paper" and network.config.image_size == 64 and notes["preset"] == "paper-64"


def _changed(small: tuple[Path, Path, Config], tmp_path: Path, change: Any) -> Path:
    parts = torch.load(small[0], weights_only=True)
    change(parts)
    torch.save(parts, tmp_path / "changed.pth.tar")
    return tmp_path / "changed.pth.tar"


def _first_norm(parts: dict[str, Any]) -> str:
    return next(name for name in parts["generator"] if name.endswith("norm.weight"))


ACCEPTED = {
    "torch before 0.4.1 counted no batches": lambda parts: [
        parts["generator"].pop(name) for name in list(parts["generator"]) if name.endswith("num_batches_tracked")
    ],
    "parallel training's prefix": lambda parts: parts.update(
        generator={f"module.{name}": tensor for name, tensor in parts["generator"].items()}
    ),
    "the detector's earlier name": lambda parts: parts.update(kp_extractor=parts.pop("kp_detector")),
    "the synchronised norm's own counters": lambda parts: parts["generator"].update(
        {_first_norm(parts).replace("weight", "_running_iter"): torch.ones(1)}
    ),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_forms_of_the_same_weights_are_accepted(case: str, small: tuple[Path, Path, Config], tmp_path: Path) -> None:
    path = _changed(small, tmp_path, ACCEPTED[case])
    expected = import_original(small[0], read_original_config(small[1])).state_dict()
    found = import_original(path, read_original_config(small[1])).state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items() if "tracked" not in name)


REFUSED = {
    "a weight too many": (lambda p: p["generator"].update({"more.weight": torch.ones(1)}), "generator.more.weight"),
    "a weight too few": (lambda p: p["generator"].pop(_first_norm(p)), "is missing"),
    "another shape": (lambda p: p["generator"].update({_first_norm(p): torch.ones(3)}), "has shape [3]"),
    "not a number": (lambda p: p["generator"][_first_norm(p)].fill_(float("nan")), "NaN"),
    "no generator": (lambda p: p.pop("generator"), "expected kp_detector and generator"),
    "a part unknown": (lambda p: p.update(surprise=1), "surprise"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_named(case: str, small: tuple[Path, Path, Config], tmp_path: Path) -> None:
    change, told = REFUSED[case]
    with pytest.raises(ImportOriginalError) as refusal:
        import_original(_changed(small, tmp_path, change), read_original_config(small[1]))
    assert told in str(refusal.value)


class Malicious:
    """What a pickle may do to whoever loads it freely."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Path.touch, (Path("pickle-ran"),))  # type: ignore[return-value]


def test_code_in_a_checkpoint_is_never_run(small: tuple[Path, Path, Config], tmp_path: Path) -> None:
    path = _changed(small, tmp_path, lambda parts: None)
    torch.save({"generator": Malicious()}, path)
    with pytest.raises(ImportOriginalError, match="holds code, which is never run"):
        import_original(path, read_original_config(small[1]))
    assert not Path("pickle-ran").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_a_damaged_file_is_refused(content: bytes | None, small: tuple[Path, Path, Config], tmp_path: Path) -> None:
    path = tmp_path / "damaged.pth.tar"
    path.write_bytes(small[0].read_bytes()[:5000] if content is None else content)
    assert main([str(path), str(tmp_path / "out.safetensors"), "--config", str(small[1])]) == 2
    assert not (tmp_path / "out.safetensors").exists()


MODEL = "model_params"
CONFIG_CHANGES = {
    "smooth flow": (
        lambda c: c[MODEL]["generator_params"].update(interpolation_mode="trilinear"),
        "interpolation_mode",
    ),
    "one variance": (lambda c: c[MODEL]["common_params"].update(kp_variance=0.01), "kp_variance"),
    "two scales": (lambda c: c[MODEL]["kp_detector_params"].update(scale_factor=0.5), "in ours they are one"),
    "a setting too many": (lambda c: c[MODEL]["common_params"].update(colours=3), "common_params.colours is not known"),
    "a setting too few": (lambda c: c[MODEL]["kp_detector_params"].pop("temperature"), "temperature is missing"),
    "no model": (lambda c: c.pop(MODEL), "has no model_params"),
    "no size": (lambda c: c.pop("dataset_params"), "no square image_shape"),
}


@pytest.mark.parametrize("case", CONFIG_CHANGES)
def test_a_configuration_we_do_not_compute_is_named(case: str, tmp_path: Path) -> None:
    change, told = CONFIG_CHANGES[case]
    config = copy.deepcopy(CONFIGS["paper-64"])
    change(config)
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(OriginalConfigError, match=told):
        read_original_config(tmp_path / "other.yaml")


def test_the_crop_gives_the_size_where_no_shape_is_stated(tmp_path: Path) -> None:
    config = copy.deepcopy(CONFIGS["paper-64"])
    config["dataset_params"] = {"augmentation_params": {"crop_param": {"size": [64, 64]}}}
    (tmp_path / "taichi.yaml").write_text(yaml.safe_dump(config))
    assert read_original_config(tmp_path / "taichi.yaml") == PRESETS["paper-64"]
