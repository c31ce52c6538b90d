"""What must stay true of the whole: no torch when live, quick to start, and who may import whom."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "onnxruntime", "av", "pygame", "pyvirtualcam")


def _python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


@pytest.mark.parametrize("module", HEAVY)
def test_importing_run_live_leaves_it_unloaded(module: str) -> None:
    assert _python(f"import sys, run_live; print({module!r} in sys.modules)") == "False"


def test_every_module_of_the_runtime_but_the_torch_engines_leaves_torch_unloaded() -> None:
    paths = [path for path in (ROOT / "realtime").rglob("*.py") if not path.name.startswith("torch_")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    imports = "; ".join(f"import {name.removesuffix('.__init__')}" for name in names)
    assert len(names) > 20
    # pygame greets on stdout, so only the last line counts.
    assert _python(f"import sys; {imports}; print('torch' in sys.modules)").splitlines()[-1] == "False"


def test_the_composition_root_stays_small() -> None:
    assert len((ROOT / "run_live.py").read_text().splitlines()) <= 100


def test_no_file_of_the_runtime_outgrows_its_idea() -> None:
    sizes = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "realtime").rglob("*.py")}
    assert {name: size for name, size in sizes.items() if size > 250} == {}
