"""`python -m training.person_mask MASKS.npz`: trains the person's mask on pictures that `find_masks` has prepared.

Half an hour on two cores; it starts from EfficientNet-Lite0, so that little has to be learned.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from safetensors.torch import save_file
from torch import Tensor

from models.person_mask import PersonMask
from training.clips import ClipError
from training.efficientnet import PretrainedError, load_pretrained, packaged_weights
from training.person_mask.drawings import drawn
from training.person_mask.pictures import MaskedPictures, read_masked_pictures
from training.person_mask.scenes import varied

FIXED_BLOCKS = 5  # edges and textures are as they were for photographs of anything
LEARNING_RATE, ENCODER_SHARE = 2e-3, 0.1
KEPT_EVERY = 200
DRAWN = 0.4  # share of the pictures that look drawn or painted


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the weights written, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m training.person_mask", description="Train the person's mask.")
    parser.add_argument("masks", type=Path, help="what find_masks wrote of the training clips")
    parser.add_argument("--validation", type=Path, required=True, help="what find_masks wrote of held-out clips")
    parser.add_argument("--out", type=Path, default=Path("out/person_mask.safetensors"))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args(arguments)
    try:
        pictures, held_out = read_masked_pictures(options.masks), read_masked_pictures(options.validation)
        network = PersonMask()
        load_pretrained(network.encoder, packaged_weights())
    except (ClipError, PretrainedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    train(network, pictures, options.steps, options.batch, options.out)
    shares = {"overlap": overlap(network, held_out), "drawn": overlap(network, with_drawings(held_out, 1.0, seed=1))}
    print(json.dumps({"steps": options.steps} | {name: round(share, 4) for name, share in shares.items()}))
    return 0


def train(network: PersonMask, pictures: MaskedPictures, steps: int, batch: int, out: Path) -> None:
    """Learns in place, and writes the weights now and then and at the end."""
    for part in (network.encoder.stem, *network.encoder.blocks[:FIXED_BLOCKS]):
        part.requires_grad_(False)
    moving = [p for p in network.encoder.parameters() if p.requires_grad]
    others = [*network.up.parameters(), *network.head.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": others, "lr": LEARNING_RATE}, {"params": moving, "lr": ENCODER_SHARE * LEARNING_RATE}]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    generator = torch.Generator().manual_seed(0)
    network.train()
    for step in track(range(steps), "Training"):
        rows = torch.randint(len(pictures.pictures), (batch,), generator=generator).numpy()
        some = with_drawings(MaskedPictures(pictures.pictures[rows], pictures.masks[rows]), DRAWN, seed=step)
        seen, masks = varied(*_tensors(some), generator)
        loss = difference(network(seen), masks)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*moving, *others], 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % KEPT_EVERY == 0 or step + 1 == steps:
            print(f"step {step + 1}: loss {loss.item():.4f}", flush=True)
            _write(network, out)
    network.eval()


def difference(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy, and one less the overlap of each picture's mask."""
    found = logits.sigmoid()
    both, either = ((x).sum(dim=(1, 2, 3)) for x in (found * masks, found + masks - found * masks))
    return F.binary_cross_entropy_with_logits(logits, masks) + (1 - (both + 1) / (either + 1)).mean()


def with_drawings(pictures: MaskedPictures, share: float, seed: int) -> MaskedPictures:
    """The same, about a `share` of them as if by hand."""
    rng = np.random.default_rng(seed)
    pairs = zip(pictures.pictures, pictures.masks, strict=True)
    seen, masks = zip(*(drawn(*pair, rng) if rng.random() < share else pair for pair in pairs), strict=True)
    return MaskedPictures(np.stack(seen), np.stack(masks))


@torch.inference_mode()
def overlap(network: PersonMask, pictures: MaskedPictures) -> float:
    """Mean over pictures of intersection over union, both masks cut at one half."""
    shares = []
    for picture, mask in zip(pictures.pictures, pictures.masks, strict=True):
        seen, masks = _tensors(MaskedPictures(picture[None], mask[None]))
        found, wanted = network(seen) > 0, masks > 0.5
        shares.append(((found & wanted).sum() / (found | wanted).sum().clamp_min(1)).item())
    return sum(shares) / len(shares)


def _tensors(pictures: MaskedPictures) -> tuple[Tensor, Tensor]:
    seen = torch.from_numpy(pictures.pictures).permute(0, 3, 1, 2).float() / 255
    return seen, torch.from_numpy(pictures.masks)[:, None].float() / 255


def _rate(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def _write(network: PersonMask, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}, partial)
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
