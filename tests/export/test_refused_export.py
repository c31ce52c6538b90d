"""What cannot be exported is refused, and what was there stays."""

from pathlib import Path

import pytest
import torch

from export import write_bundle as writing
from export.__main__ import main
from export.parity import ParityError
from models.checkpoint import save_checkpoint
from tests.export.trained_looking import trained_looking

# Exports a network three times over: half a minute alone, minutes on a busy machine.
pytestmark = pytest.mark.timeout(600)


def test_weights_that_overflow_float16_write_nothing(tmp_path: Path, footage: Path) -> None:
    network = trained_looking("live-xs")
    with torch.no_grad():
        for name, scale in (("first.1", 1e6), ("second.0", 1e-6)):
            network.get_submodule(f"motion_transfer.trunk.1.{name}").get_parameter("weight").mul_(scale)
        network.get_submodule("motion_transfer.trunk.1.first.1").get_parameter("bias").mul_(1e6)
    save_checkpoint(tmp_path / "huge.safetensors", network, {"preset": "live-xs"})
    options = writing.ExportOptions(("fp32", "fp16"), calibration=footage)
    with pytest.raises(ParityError, match="fp16"):
        writing.write_bundle(tmp_path / "huge.safetensors", tmp_path / "bundle", options=options)
    assert not (tmp_path / "bundle").exists()


def test_failed_export_leaves_the_old_bundle(checkpoint: Path, bundle_folder: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in bundle_folder.iterdir()}
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(checkpoint.read_bytes()[:-100])
    assert main([str(broken), str(bundle_folder)]) == 2
    assert {path.name: path.read_bytes() for path in bundle_folder.iterdir()} == before
    assert [path.name for path in bundle_folder.parent.iterdir()] == [bundle_folder.name]


def test_a_folder_that_is_no_bundle_is_not_replaced(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(writing.BundleWriteError, match="not a bundle"):
        writing.write_bundle(checkpoint, tmp_path)
    with pytest.raises(writing.BundleWriteError, match=r"diary\.txt exists and is not a bundle"):
        writing.write_bundle(checkpoint, tmp_path / "diary.txt")
    assert (tmp_path / "diary.txt").read_text() == "mine"


BAD_FLAGS = {
    "unknown precision": (["--precision", "fp32,int4"], "unknown precision 'int4'"),
    "no clips": (["--precision", "int8", "--calibration", "nowhere"], "no clips for calibration"),
}


@pytest.mark.parametrize("case", BAD_FLAGS)
def test_bad_flags_are_refused(case: str, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags, told = BAD_FLAGS[case]
    assert main([str(checkpoint), str(tmp_path / "bundle"), *flags]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()
