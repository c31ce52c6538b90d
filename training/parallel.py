"""Data-parallel training: what the processes that `torchrun` starts agree on in every step.

Each process holds the same networks and works on its part of the batch. Gradients are averaged after `backward` and
before anything looks at them, so guards, clipping and optimisers act alike everywhere (docs/decisions/011).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed
from torch import Tensor, nn

# The first process decodes clips and validates while the others wait.
LONGEST_WAIT = timedelta(hours=3)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Ranks:
    """The number of a process among `count`; a process alone agrees with itself at no cost."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """True in the one process that writes files, validates and speaks."""
        return self.rank == 0

    def part(self, batch: int) -> slice:
        """The process's rows of a joined batch, which `count` divides."""
        share = batch // self.count
        return slice(self.rank * share, (self.rank + 1) * share)

    def average_gradients(self, module: nn.Module) -> None:
        """Replace every gradient of `module` by its mean over the processes."""
        self._average([p.grad for p in module.parameters() if p.grad is not None])

    def average_statistics(self, module: nn.Module) -> None:
        """Replace running statistics by their mean, so that all processes hold the same networks."""
        self._average([buffer for buffer in module.buffers() if buffer.is_floating_point()])

    def average(self, values: dict[str, float]) -> dict[str, float]:
        """Every value's mean over the processes, which must pass the same names."""
        if self.count == 1:
            return values
        joined = torch.tensor(list(values.values()), dtype=torch.float64)
        self._average([joined])
        return dict(zip(values, joined.tolist(), strict=True))

    def any(self, claim: bool) -> bool:
        """True where any process claims it."""
        return self.average({"claim": float(claim)})["claim"] > 0

    def first_before_others(self, make: Callable[[], Result]) -> Result:
        """What `make` returns here; the first process makes its own, and leaves files, before the others begin."""
        if self.is_first:
            made = make()
            self._wait()
            return made
        self._wait()
        return make()

    def _wait(self) -> None:
        if self.count > 1:
            torch.distributed.barrier()

    @torch.no_grad()
    def _average(self, tensors: list[Tensor]) -> None:
        if self.count == 1 or not tensors:
            return
        joined = torch.cat([tensor.reshape(-1) for tensor in tensors])
        where = torch.device("cuda") if torch.distributed.get_backend() == "nccl" else joined.device
        summed = joined.to(where)  # NCCL adds on the GPU only
        torch.distributed.all_reduce(summed)
        means = (summed / self.count).to(joined.device)
        for tensor, mean in zip(tensors, means.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view(tensor.shape))


ALONE = Ranks()


@contextmanager
def joined_ranks(environment: Mapping[str, str], device: torch.device) -> Iterator[Ranks]:
    """The processes `torchrun` names in `environment`, joined by NCCL on CUDA and by Gloo elsewhere; else one alone."""
    if "WORLD_SIZE" not in environment:
        yield ALONE
        return
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=LONGEST_WAIT)
    try:
        yield Ranks(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()


def own_device(environment: Mapping[str, str], wanted: str) -> torch.device:
    """The device `wanted`; each process of `torchrun` takes the GPU of its own number."""
    device = torch.device(wanted)
    if device.type == "cuda" and device.index is None and "LOCAL_RANK" in environment:
        device = torch.device("cuda", int(environment["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    return device
