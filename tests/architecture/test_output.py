"""Who may make the frames that leave the program: the reason why a camera's pixels cannot reach a sink."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME = [ROOT / "run_live.py", *sorted((ROOT / "realtime").rglob("*.py"))]
MAKERS = {
    "Showing": {"realtime/animator.py"},
    "AnimatedFrame": {"realtime/showing.py"},
    "OutputFrame": {"realtime/output/machine.py"},
}


def _calls(path: Path, name: str) -> bool:
    """Whether path calls name, or passes it to `replace`, by any spelling."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id == name:
                return True
            if isinstance(called, ast.Attribute) and called.attr == name:
                return True
    return False


@pytest.mark.parametrize("name", MAKERS)
def test_only_its_maker_makes_it(name: str) -> None:
    makers = {path.relative_to(ROOT).as_posix() for path in RUNTIME if _calls(path, name)}
    assert makers == MAKERS[name]


def test_who_makes_what_is_sent_never_names_a_cameras_frame() -> None:
    for path in (ROOT / "realtime" / "showing.py", *(ROOT / "realtime" / "output").glob("*.py")):
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert not names & {"Frame", "Camera", "Preview", "Dashboard"}, path
