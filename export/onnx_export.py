"""One graph to one ONNX file: opset 18, static shapes, named tensors, checked."""

import logging
import warnings
from pathlib import Path

import onnx
import torch

from export.graphs import Graph

# GridSample reached 4-D pictures in 16; at 20 and above older GPU runtimes fall back to the processor.
OPSET = 18


def export_graph(graph: Graph, path: Path) -> None:
    """Write `graph` to `path` with its weights inside; onnx.checker's error if the file is not valid."""
    with warnings.catch_warnings(), _quiet_exporter(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's notes concern its own internals
        program = torch.onnx.export(
            graph.module.eval(),
            tuple(graph.inputs.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=list(graph.output_names),
            verbose=False,
        )
    assert program is not None
    program.save(str(path), external_data=False)
    onnx.checker.check_model(str(path), full_check=True)


class _quiet_exporter:  # noqa: N801 (reads as a statement)
    """The exporter lists operators of packages that are not installed; none is used here."""

    def __enter__(self) -> None:
        self.logger = logging.getLogger("torch.onnx")
        self.level = self.logger.level
        self.logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        self.logger.setLevel(self.level)
