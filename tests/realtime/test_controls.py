"""Commands: their table, their text, the way to whoever obeys them, and what the user is told."""

import json
from pathlib import Path

import pytest

from realtime.animator import Animator
from realtime.bundle import Bundle
from realtime.control.command_table import CONTROLS, Part
from realtime.control.keys_table import keys_table, with_keys_table
from realtime.controls import Command, CommandQueue, default_keys, parse_command, remapped_keys, stepped, switched
from realtime.devices.window_view import WindowView
from realtime.errors import CommandError, SettingsError
from realtime.frames import Size
from realtime.output.canvas import Canvas
from realtime.output.machine import OutputMachine
from tests.fakes import FakeEngine, plain_animated

ROOT = Path(__file__).parents[2]


def test_no_key_means_two_things() -> None:
    keys = [key for control in CONTROLS for key in control.keys]
    assert len(keys) == len(set(keys)) == len(default_keys())


def test_every_command_can_be_written_with_its_default_arguments() -> None:
    for command in default_keys().values():
        assert parse_command(str(command)) == command


@pytest.mark.parametrize("part", [Part.ANIMATOR, Part.OUTPUT, Part.WINDOW])
def test_every_command_has_someone_who_obeys_it(part: Part, tiny_bundle: Bundle) -> None:
    obeyed = {
        Part.ANIMATOR: Animator(FakeEngine(), tiny_bundle).handlers,
        Part.OUTPUT: {
            **OutputMachine(Canvas(Size(64, 64)), plain_animated()).handlers,
            "screenshot": str,  # the sender's own
        },
        Part.WINDOW: WindowView(CommandQueue().dashboard, {}).handlers,
    }[part]
    assert set(obeyed) == {control.name for control in CONTROLS if control.part is part}


def test_the_readmes_keys_are_those_of_the_table() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert with_keys_table(readme) == readme, "run: python -m realtime.control.keys_table README.md"


def test_the_table_names_every_command_and_keeps_its_columns() -> None:
    rows = keys_table().splitlines()[2:]
    assert len(rows) == len(CONTROLS)
    assert all(row.replace("\\|", "").count("|") == 4 for row in rows)


@pytest.mark.parametrize(
    ("text", "command"), [("motion absolute", Command("motion", "absolute")), (" QUIT ", Command.QUIT)]
)
def test_text_becomes_a_command(text: str, command: Command) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        ("calibrat", "unknown command 'calibrat'", "did you mean calibrate?"),
        ("", "unknown command ''", "commands are: quit"),
        ("motion sideways", "motion sideways: not a form of motion", "motion [relative|absolute]"),
        ("quit now", "quit now: not a form of quit", "write: quit"),
    ],
)
def test_text_that_is_no_command_is_refused(text: str, told: str, hint: str) -> None:
    with pytest.raises(CommandError) as refusal:
        parse_command(text)
    assert told in refusal.value.message
    assert hint in refusal.value.hint


def test_keys_can_be_remapped_and_taken_away() -> None:
    keys = remapped_keys({"Q": "calibrate", "x": ""})
    assert keys["q"] == Command.CALIBRATE
    assert "x" not in keys
    assert keys["escape"] == Command.QUIT


def test_a_key_for_an_unknown_command_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="keys: q: unknown command 'quti'") as refusal:
        remapped_keys({"q": "quti"})
    assert refusal.value.hint == "did you mean quit?"


@pytest.mark.parametrize(("now", "argument", "then"), [(True, "", False), (False, "on", True), (False, "off", False)])
def test_switches(now: bool, argument: str, then: bool) -> None:
    assert switched(now, argument) is then


@pytest.mark.parametrize(("argument", "then"), [("+", 1.1), ("-", 0.9), ("0.5", 0.5), ("7", 2.0)])
def test_steps_stay_within_bounds(argument: str, then: float) -> None:
    assert stepped(1.0, argument, 0.1, (0.0, 2.0)) == pytest.approx(then)


def test_a_command_waits_for_its_part_and_is_answered() -> None:
    commands = CommandQueue()
    reply = commands.post(Command("motion", "absolute"))
    assert not reply.done()
    commands.carry_out(Part.ANIMATOR, {"motion": lambda argument: f"now {argument}"})
    assert reply.result(timeout=0) == "now absolute"
    assert commands.dashboard.notice() == "now absolute"


def test_a_command_that_fails_is_told_and_the_next_is_obeyed() -> None:
    def refuse(_argument: str) -> str:
        raise CommandError("no such thing", hint="take another")

    commands = CommandQueue()
    refused, obeyed = commands.post(Command("motion")), commands.post(Command.CALIBRATE)
    commands.carry_out(Part.ANIMATOR, {"motion": refuse, "calibrate": lambda _argument: "done"})
    with pytest.raises(CommandError, match="no such thing"):
        refused.result(timeout=0)
    assert obeyed.result(timeout=0) == "done"


def test_a_command_for_a_part_that_is_not_there_is_refused_at_once() -> None:
    reply = CommandQueue().post(Command("hud"))
    with pytest.raises(CommandError, match="hud: this run has no part that does it"):
        reply.result(timeout=0)


def test_quitting_is_seen_at_once_and_keys_give_commands() -> None:
    commands = CommandQueue(keys=remapped_keys({"e": "quit"}))
    commands.press("f12")
    assert not commands.quitting
    commands.press("e")
    assert commands.quitting


def test_status_is_json() -> None:
    commands = CommandQueue()
    commands.dashboard.portrait = "juno"
    assert json.loads(commands.post(Command("status")).result(timeout=0))["portrait"] == "juno"
