"""What each of two processes does in the tests of data-parallel training; torch starts them by name."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn

from models.config import PRESETS
from models.portrait_net import PortraitNet, build_network
from training.objective import Example
from training.parallel import Ranks
from training.reconstruction import ReconstructionObjective
from training.sections import LossSettings
from training.settings import TrainingSettings
from training.trainer import Trainer

CPU = torch.device("cpu")
COUNT = 2
BATCH = 4


def run_in_two(work: Callable[..., None], folder: Path, *arguments: object) -> None:
    """Run `work(ranks, folder, *arguments)` in two processes that meet through a file and talk over loopback."""
    spawn(_joined, (work, folder, *arguments), nprocs=COUNT)


def _joined(rank: int, work: Callable[..., None], folder: Path, *arguments: object) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    meeting = f"file://{folder / 'meeting'}"
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=COUNT)
    try:
        work(Ranks(rank, COUNT), folder, *arguments)
    finally:
        torch.distributed.destroy_process_group()


def gradients_of_part(ranks: Ranks, folder: Path) -> None:
    """Write the averaged gradients of this process's part of the joined batch."""
    network = network_without_batch_statistics()
    backward(network, *(pictures[ranks.part(BATCH)] for pictures in joined_batch()))
    ranks.average_gradients(network)
    save_file(gradients(network), folder / f"{ranks.rank}.safetensors")


def network_without_batch_statistics() -> PortraitNet:
    """Batch norm that uses its running statistics: nothing else joins the pictures of a batch."""
    torch.manual_seed(0)
    return build_network(PRESETS["live-xs"]).eval().requires_grad_(True)


def joined_batch() -> tuple[Tensor, Tensor]:
    """Source and driving pictures [4, 3, 64, 64] in [0, 1]."""
    generator = torch.Generator().manual_seed(1)
    source, driving = torch.rand(2, BATCH, 3, 64, 64, generator=generator)
    return source, driving


def backward(network: PortraitNet, source: Tensor, driving: Tensor) -> None:
    """The reconstruction objective's gradients; equivariance draws its warps per process and is left out."""
    objective = ReconstructionObjective(LossSettings.model_validate({"equivariance": 0}))
    objective.generator_loss(network, Example(source, driving, driving), torch.Generator()).total.backward()


def gradients(network: nn.Module) -> dict[str, Tensor]:
    """By the parameters' names."""
    return {name: p.grad.contiguous() for name, p in network.named_parameters() if p.grad is not None}


def whole_and_resumed_run(ranks: Ranks, folder: Path, settings: TrainingSettings) -> None:
    """Write this process's networks after a whole run, and after the same run in two halves."""
    whole = Trainer(settings, folder / "whole", CPU, ranks)
    whole.run(lambda _: None)
    _write_networks(whole, folder / f"whole-{ranks.rank}.safetensors")
    Trainer(settings, folder / "parts", CPU, ranks).run(lambda _: None, until=settings.total_steps // 2)
    torch.distributed.barrier()  # the first process has written what both resume from
    resumed = Trainer(settings, folder / "parts", CPU, ranks)
    resumed.resume()
    resumed.run(lambda _: None)
    _write_networks(resumed, folder / f"parts-{ranks.rank}.safetensors")


def stopped_by_one(ranks: Ranks, folder: Path, settings: TrainingSettings) -> None:
    """The second process alone is asked to stop after its third step; write where each stopped."""
    trainer = Trainer(settings, folder / "stopped", CPU, ranks)
    trainer.run(lambda _: None, stop_asked=lambda: ranks.rank == 1 and trainer.step == 3)
    (folder / f"step-{ranks.rank}").write_text(str(trainer.step))


def _write_networks(trainer: Trainer, path: Path) -> None:
    networks = {"network": trainer.network, "average": trainer.average.network}
    save_file(
        {f"{kind}/{name}": t.contiguous() for kind, net in networks.items() for name, t in net.state_dict().items()},
        path,
    )
