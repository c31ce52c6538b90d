"""ONNX to a TensorRT plan, with TensorRT or with TensorRT for RTX: one API under two names. Building needs no torch."""

import importlib
from pathlib import Path
from typing import Any

from realtime.engines.failures import first_line
from realtime.engines.gpu import first_gpu
from realtime.engines.tensorrt_plans import PlanKey
from realtime.errors import EngineError
from realtime.manifest import GraphEntry

# TensorRT for RTX runs on compute capability 7.5, 8.x and 12.x, and builds without any GPU.
MODULES = ("tensorrt", "tensorrt_rtx")
INSTALL = "pip install tensorrt cuda-python (NVIDIA's index), or pip install tensorrt-rtx cuda-python"


def load_tensorrt(engine: str, names: tuple[str, ...] = MODULES) -> Any:
    """TensorRT's module. Raises EngineError if none can be imported."""
    reasons = []
    for name in names:
        try:
            return importlib.import_module(name)
        except (ImportError, OSError) as error:
            reasons.append(f"{name}: {first_line(error)}")
    raise EngineError(f"{engine}: TensorRT cannot be imported ({'; '.join(reasons)})", hint=INSTALL)


def runtime_name(tensorrt: Any) -> str:
    """Such as "tensorrt 11.0.0"; part of a plan's key."""
    return f"{tensorrt.__name__} {tensorrt.__version__}"


def plan_key(tensorrt: Any, entry: GraphEntry, precision: str, engine: str) -> PlanKey:
    """What a plan of the graph depends on. Raises EngineError where that is a GPU and there is none.

    TensorRT for RTX finishes its plans on the GPU that runs them, so that one plan serves all.
    """
    if tensorrt.__name__ == "tensorrt_rtx":
        return PlanKey(entry.sha256, runtime_name(tensorrt), "any RTX GPU", "any", precision)
    gpu = first_gpu(engine)
    return PlanKey(entry.sha256, runtime_name(tensorrt), gpu.name, gpu.compute_capability, precision)


def build_plan(tensorrt: Any, graph: Path) -> bytes:
    """The plan of an ONNX file whose own types say what is float16. Raises EngineError naming what the parser refused.

    The network is strongly typed: TensorRT 11 has no switch for float16, and the graph keeps keypoints in float32.
    """
    logger = tensorrt.Logger(tensorrt.Logger.ERROR)
    builder = tensorrt.Builder(logger)
    flags = tensorrt.NetworkDefinitionCreationFlag
    typed = 1 << int(flags.STRONGLY_TYPED) if hasattr(flags, "STRONGLY_TYPED") else 0
    network = builder.create_network(typed)
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(graph.read_bytes()):
        errors = "; ".join(str(parser.get_error(i).desc()) for i in range(parser.num_errors))
        raise EngineError(f"{graph}: {runtime_name(tensorrt)} cannot read it: {errors}", hint="update TensorRT")
    plan = builder.build_serialized_network(network, builder.create_builder_config())
    if plan is None:
        raise EngineError(
            f"{graph}: {runtime_name(tensorrt)} cannot build it",
            hint="free GPU memory and try again, or pass --engine onnx-cuda",
        )
    return bytes(plan)
