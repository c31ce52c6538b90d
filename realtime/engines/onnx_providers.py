"""Options of ONNX Runtime's execution providers: precision told plainly, and TensorRT's plans in the shared cache."""

import onnxruntime as ort

from realtime.engines.base import graph_precision
from realtime.engines.catalogue import EngineRequest
from realtime.engines.gpu import first_gpu
from realtime.engines.tensorrt_plans import PlanKey, plan_folder


def provider_options(provider: str, request: EngineRequest) -> dict[str, str]:
    """The options with which a session is opened for the request. Raises EngineError if a GPU is needed and missing."""
    if provider == "CUDAExecutionProvider":
        # TF32 would round float32 to ten bits.
        return {"use_tf32": "0", "cudnn_conv_algo_search": "EXHAUSTIVE"}
    if provider == "TensorrtExecutionProvider":
        return _tensorrt_options(request)
    return {}


def _tensorrt_options(request: EngineRequest) -> dict[str, str]:
    options = {"trt_fp16_enable": str(int(request.precision == "fp16"))}
    if request.cache is None or "TensorrtExecutionProvider" not in ort.get_available_providers():
        return options
    gpu = first_gpu(request.name)
    graph = request.bundle.graph("animate", graph_precision(request.precision))
    runtime = f"onnxruntime {ort.__version__}"
    key = PlanKey(graph.sha256, runtime, gpu.name, gpu.compute_capability, request.precision)
    folder = plan_folder(request.cache, key)
    folder.mkdir(parents=True, exist_ok=True)
    cached = {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
    return options | cached | {"trt_timing_cache_enable": "1", "trt_timing_cache_path": str(folder)}
