"""CARD.md: what a bundle's weights are, what they were trained on, how well they do, what they are not for."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

CARD = Template("""# $name

A portrait animation model of the preset `$preset`: keypoint detector, dense motion and motion transfer in the manner of
Monkey-Net (Siarohin et al., "Animating Arbitrary Objects via Deep Motion Transfer", CVPR 2019), exported to ONNX.

## Trained on

$data

$steps steps of training. To have a model free of these terms, train on footage of your own:
`python -m training CONFIG.toml`, then `python -m export CHECKPOINT BUNDLE`.

## Measured on clips of people it never saw

$metrics

## Meant for

Animating a portrait that you have the right to use, in a call or a recording, where those who watch know that it is
animated. Not meant for impersonation, nor for deceiving anybody about who is speaking.

## Known limits

Large head turns, hands before the face, hats and glasses with strong reflections smear or lag. What the source does not
show, such as teeth behind closed lips, is painted from what the training clips had in common.
""")

LICENSE_TEXT = """The weights in this folder were learned from clips published in research repositories under various
licences, some of them for non-commercial research only; CARD.md names them. Use the weights for research and personal,
non-commercial purposes. They come without warranty of any kind. The program that made and runs them is licensed
separately; see the LICENSE file at the project's root.
"""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the card and the manifest say of the weights: data, steps, and figures measured on held-out clips."""

    data: str
    steps: int
    metrics: dict[str, float]


def write_card(path: Path, name: str, preset: str, provenance: Provenance) -> None:
    """Write the card of bundle `name`."""
    rows = [f"| {figure} | {value:.4f} |" for figure, value in provenance.metrics.items()]
    table = "\n".join(["| figure | value |", "|---|---|", *rows]) if rows else "Not measured."
    text = CARD.substitute(name=name, preset=preset, data=provenance.data, steps=provenance.steps, metrics=table)
    path.write_text(text)
