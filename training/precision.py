"""What products are computed in: bfloat16 where the processor has it, for elsewhere it takes several times as long."""

from typing import Literal

import torch

from realtime.engines.processor import BF16_FLAGS, processor_flags

Precision = Literal["bf16", "fp32"]


def fastest_precision(device: torch.device, flags: frozenset[str] | None = None) -> Precision:
    """bf16 on a device that has instructions for it; `flags` are the processor's, by default this one's."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    known = processor_flags() if flags is None else flags
    return "bf16" if device.type == "cpu" and known & BF16_FLAGS else "fp32"
