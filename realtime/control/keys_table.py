"""The README's table of keys and commands, made of the command table: `python -m realtime.control.keys_table FILE`."""

import sys
from pathlib import Path

from realtime.control.command_table import CONTROLS, Control

START, END = "<!-- keys: made by python -m realtime.control.keys_table README.md -->", "<!-- end of keys -->"


def keys_table() -> str:
    """A Markdown table: default keys, command, what it does."""
    rows = [f"| {_keys(control)} | `{_escaped(control.usage)}` | {control.help} |" for control in CONTROLS]
    return "\n".join(["| key | command | what it does |", "|---|---|---|", *rows])


def with_keys_table(text: str) -> str:
    """text, with what stands between the two marks replaced by the table. Raises ValueError without the marks."""
    head, start, rest = text.partition(START)
    _, end, tail = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the marks {START} and {END} are missing")
    return f"{head}{START}\n{keys_table()}\n{END}{tail}"


def _escaped(text: str) -> str:
    """text for a cell of a table, where a bar would part two cells."""
    return text.replace("|", "\\|")


def _keys(control: Control) -> str:
    keys = list(control.keys)
    if len(keys) > 2 and "".join(keys).isdigit():
        keys = [f"{keys[0]}–{keys[-1]}"]
    return " ".join(f"`{key}`" for key in keys)


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(with_keys_table(readme.read_text("utf-8")), "utf-8")
