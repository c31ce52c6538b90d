"""OpenVINO without its model converter, which takes as long to import as all the rest and brings a telemetry client."""

import sys

CONVERTER = "openvino.tools.ovc"

if CONVERTER in sys.modules:
    import openvino as ov
else:
    # OpenVINO's own __init__ goes on where the converter is not there; afterwards anyone may import it.
    sys.modules[CONVERTER] = None  # type: ignore[assignment]
    try:
        import openvino as ov
    finally:
        del sys.modules[CONVERTER]

__all__ = ["ov"]
