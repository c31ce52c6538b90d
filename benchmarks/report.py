"""`report`: renders docs/benchmarks.md, tables and plots, from whatever results there are.

Of runs by the same command on the same machine the newest whole one is shown; all of them tell how far figures spread
from run to run.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.compare import compare
from benchmarks.machine import ROOT
from benchmarks.parser import Parser
from benchmarks.plots import draw
from benchmarks.schema import SCHEMA_VERSION, Kind, Machine, Result, ResultError, read_result
from benchmarks.summary import turn_ratios
from benchmarks.tables import Lines, table, tables_of

RESULTS, DOCUMENT = ROOT / "benchmarks" / "results", ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
TITLES: Mapping[Kind, str] = {
    "peers": "Against others, in turns",
    "stages": "What a frame is made of",
    "live": "The whole loop, alone and in a call",
    "glass": "Glass to glass",
    "quality": "Quality against time",
    "scale": "How cost grows",
    "train": "Training",
    "engines": "Engines and precisions",
    "start": "From the command to the first picture",
    "framing": "Following the face",
    "soak": "For a long time",
}
EXPLANATIONS: Mapping[Kind, str] = {
    "peers": "Everyone animates one frame, then the next round begins: what else the machine does weighs on all alike, "
    "so ratios are worth more than times. The first is the paper's network as its authors run it.",
    "stages": "One frame after the other, nothing dropped and nothing waited for.",
    "live": "A clip as camera, in real time. Age: from a frame's birth to its delivery. Ready: until it is animated; "
    "the output's constant rate comes after, so an age moves in steps of the output's period. Explained: what the "
    "stages, waits included, add up to. With a call: beside an x264 encoder of 1280x720 at 30 fps in another process.",
    "glass": "A stripe in the camera's picture tells when it was born and is read from the picture that comes out.",
    "quality": "Self-reenactment of clips of people never seen, as `python -m training.evaluate` measures it.",
    "scale": "One thing grows, all else stays.",
    "train": "Steps of `python -m training` itself; its first steps are left out.",
    "engines": "Each in a process of its own, against torch on the bundle's own pictures. Memory: the most it took.",
    "start": "Fresh processes. A run ends when its one frame is sent, its threads have ended and all is closed. The "
    "cold cache is the very first run's, in which `auto` measures the engines.",
    "framing": "Clips moved along known paths over a larger picture; how far the crop is from where the face is.",
    "soak": "Growth is from the median of the first fifth of the run to that of the last.",
}


def main(arguments: Sequence[str]) -> int:
    """0 with the document written. Raises ResultError for a result that cannot be read."""
    parser = Parser(prog="python -m benchmarks report", description="Render docs/benchmarks.md from saved results.")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results (default benchmarks/results)")
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="document to write (default docs/benchmarks.md)")
    options: argparse.Namespace = parser.parse_args(arguments)
    paths = sorted(options.results.glob("*.json"))
    if not paths:
        raise ResultError(f"{options.results}: holds no results", hint="measure with --save first")
    results = [read_result(path) for path in paths]
    plots = options.out.with_suffix("")
    text = "\n".join(_document(results, plots))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, "utf-8")
    _renew_engines(results, options.out.with_name("engines.md"))
    print(json.dumps({"schema_version": SCHEMA_VERSION, "kind": "report", "results": len(results)}))
    return 0


def _renew_engines(results: Sequence[Result], document: Path) -> None:
    """Puts every machine's newest results of `engines` between the document's two marks; without any all stays."""
    shown = [
        result
        for _, of_machine in _by_machine([result for result in results if result.kind == "engines"])
        for result, _ in _newest(of_machine)
    ]
    if not shown or not document.exists():
        return
    before, _, rest = document.read_text("utf-8").partition(BEGIN)
    lines = [before + BEGIN]
    for result in shown:
        machine = f"{result.machine.title}, {_described(result.machine)}"
        told = f"{machine}: `{result.command}` ({result.started_at:%Y-%m-%d}, commit {result.commit})."
        lines += [told, "", *tables_of(result)]
    document.write_text("\n".join(lines[:-1]) + "\n" + END + rest.partition(END)[2], "utf-8")


def _document(results: Sequence[Result], plots: Path) -> Lines:
    lines = [
        "# Benchmarks",
        "",
        "Made by `python -m benchmarks report` from `benchmarks/results/`; do not edit. How it is measured, and how to",
        "repeat it: `docs/benchmarking.md`.",
        "",
    ]
    for old in plots.glob("*.svg"):
        old.unlink()
    for machine, of_machine in _by_machine(results):
        lines += [f"# On {machine.title}", "", f"{_described(machine)}.", ""]
        for kind, title in TITLES.items():
            shown = _newest([result for result in of_machine if result.kind == kind])
            if shown:
                lines += [f"## {title}", "", EXPLANATIONS[kind], ""]
            for result, runs in shown:
                lines += _result(result, plots)
                lines += _spread_between(runs)
        lines += _injections(of_machine)
    return [*lines[:-1], ""] if lines[-1] == "" else lines


def _result(result: Result, plots: Path) -> Lines:
    lines = [f"`{result.command}` ({result.started_at:%Y-%m-%d}, commit {result.commit})", ""]
    lines += tables_of(result)
    lines += [f"{note[0].upper()}{note[1:]}.\n" for note in result.notes]
    name = f"{result.kind}-{result.started_at:%Y%m%dT%H%M%S}.svg"
    if draw(result, plots / name):
        lines += [f"![{TITLES[result.kind]}]({plots.name}/{name})", ""]
    return lines


def _newest(results: Sequence[Result]) -> list[tuple[Result, list[Result]]]:
    """For each command its newest whole run, and all its whole runs; injected delays have a place of their own."""
    honest = [result for result in results if result.complete and not result.settings.get("inject")]
    by_command: dict[str, list[Result]] = {}
    for result in sorted(honest, key=lambda result: result.started_at):
        by_command.setdefault(result.command, []).append(result)
    return [(runs[-1], runs) for runs in by_command.values()]


def _spread_between(runs: Sequence[Result]) -> Lines:
    """How far the ratios of turns differ between runs of one command at the newest run's commit."""
    runs = [run for run in runs if run.commit == runs[-1].commit]
    if len(runs) < 2:
        return []
    found: dict[str, list[float]] = {}
    for run in runs:
        for _, other, ratio in turn_ratios(run):
            found.setdefault(other.labels.get("what", other.key), []).append(ratio.ratio)
    rows = [
        [what, ", ".join(f"{ratio:.2f}" for ratio in ratios), f"{100 * (max(ratios) / min(ratios) - 1):.1f} %"]
        for what, ratios in found.items()
        if len(ratios) > 1
    ]
    return table([f"ratio of medians in {len(runs)} runs", "each", "largest over smallest"], rows)


def _injections(results: Sequence[Result]) -> Lines:
    """What compare says of runs into which a delay was put on purpose: whether the ruler finds what is there."""
    rows = []
    for slowed in (result for result in results if result.settings.get("inject")):
        plain = slowed.command.replace(f" --inject {slowed.settings['inject']}", "")
        before = [result for result in results if result.command == plain and result.complete]
        if before:
            found = [one for one in compare(before[-1], slowed) if one.verdict == "worse"]
            named = ", ".join(f"{one.series.key} {one.after - one.before:+.1f} {one.series.unit}" for one in found)
            rows.append([slowed.kind, f"`{slowed.settings['inject']}`", named or "nothing"])
    if not rows:
        return []
    lines = ["## Does the ruler find what is there", "", "A sleep was put into one stage on purpose (`--inject`).", ""]
    return lines + table(["kind", "put in, ms", "`compare` calls worse"], rows)


def _by_machine(results: Sequence[Result]) -> list[tuple[Machine, list[Result]]]:
    """Results of one machine together, the machine with the most of them first."""
    by_title: dict[str, list[Result]] = {}
    for result in results:
        by_title.setdefault(result.machine.title, []).append(result)
    groups = sorted(by_title.values(), key=len, reverse=True)
    return [(group[-1].machine, group) for group in groups]


def _described(machine: Machine) -> str:
    driver = f"driver {machine.driver}" if machine.gpu else "no GPU"
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    return f"{machine.memory_mb / 1024:.0f} GB, {driver}; {machine.system}, Python {machine.python}; {libraries}"
