"""The gate: every graph alone, then the whole way of a frame through every engine of this machine, against torch."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.footage import Footage
from export.graphs import Graph
from export.held_out import held_out_shortfall, measure_held_out
from realtime.bundle import Bundle
from realtime.engines.catalogue import ENGINES, is_installed, open_engine
from realtime.engines.gpu import find_gpus
from realtime.engines.proof import LIMITS, Rendering, Scene, compare, render, shortfall
from realtime.errors import EngineError
from realtime.manifest import Parity, Precision, PrecisionEntry

log = logging.getLogger(__name__)


class ParityError(Exception):
    """A graph or an engine that does not compute what torch does; nothing is written."""


def largest_error(graph: Graph[str], path: Path) -> float:
    """Largest absolute difference from torch over all outputs of the graph's example inputs, in ONNX Runtime."""
    import onnxruntime

    expected = graph.run()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(list(graph.output_names), {name: value.numpy() for name, value in graph.inputs.items()})
    pairs = zip(graph.output_names, found, strict=True)
    return max(_largest_difference(expected[name].numpy(), np.asarray(value)) for name, value in pairs)


def refuse_graphs(entry: PrecisionEntry, precision: Precision) -> None:
    """Raises ParityError if a graph's largest error is above the precision's limit."""
    limit = LIMITS[precision].largest_difference
    for name, graph in entry.graphs.items():
        if not np.isfinite(graph.max_abs_error) or (limit is not None and graph.max_abs_error > limit):
            raise ParityError(
                f"{name} in {precision}: differs from torch by {graph.max_abs_error:.2e}; nothing was written. "
                "Check the checkpoint for NaN or huge weights, or try another onnxruntime version"
            )


def prove_precision(
    bundle: Bundle, precision: Precision, scene: Scene, expected: Rendering, footage: Footage
) -> PrecisionEntry:
    """The precision's entry with its figures on every engine here. Raises ParityError above a limit."""
    entry = bundle.manifest.precisions[precision]
    refuse_graphs(entry, precision)
    parity: dict[str, Parity] = {}
    has_gpu = bool(find_gpus())
    for name, kind in ENGINES.items():
        if not (is_installed(kind) and kind.opens_quickly and precision in kind.precisions):
            continue
        if kind.device == "either" and precision == "fp16" and not has_gpu:
            continue  # torch has no float16 arithmetic on most processors: it would take minutes and prove nothing
        try:
            engine = open_engine(name, bundle, precision=precision)
        except EngineError as error:
            log.debug("not proven on %s: %s", name, error.message)
            continue
        with engine:
            parity[name] = compare(render(engine, scene, bundle.margin), expected, bundle.image_size)
        if (missed := shortfall(parity[name], precision)) is not None:
            raise ParityError(f"{precision} on {name}: {missed}; nothing was written. {_advice(precision)}")
    if precision == "fp32":
        return entry.model_copy(update={"parity": parity})
    held_out = measure_held_out(bundle, precision, footage)
    if (missed := held_out_shortfall(held_out, precision)) is not None:
        raise ParityError(f"{precision} on onnx-cpu: {missed}; nothing was written. {_advice(precision)}")
    return entry.model_copy(update={"parity": parity, "held_out": held_out})


def _advice(precision: Precision) -> str:
    if precision == "int8":
        return "Calibrate on more and more varied clips with --calibration, or leave int8 out of --precision"
    return "Check the checkpoint for huge weights, or leave this precision out of --precision"


def _largest_difference(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    if expected.shape != found.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(expected - found).max())
