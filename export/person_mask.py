"""`python -m export.person_mask CHECKPOINT OUT.onnx`: the person's mask as one graph, proven equal to torch.

It belongs to no bundle: the live program cuts persons out of any portrait by it (realtime/portraits/person.py, which
names the file's SHA-256).
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from export.graphs import Graph, fold_batch_norm
from export.onnx_export import export_graph
from models.person_mask import SIZE, PersonMask

LARGEST_DIFFERENCE = 1e-3  # of the mask, in [0, 1]: weights are stored in half precision
STORED_IN_HALF = 1024  # tensors of at least so many numbers


class Mask(nn.Module):
    """image [1, 3, 256, 256] -> mask [1, 1, 256, 256] in [0, 1]."""

    def __init__(self, network: PersonMask) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return self.network(image).sigmoid()


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the file written and its SHA-256 printed, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m export.person_mask", description="Export the person's mask.")
    parser.add_argument("checkpoint", type=Path, help="what python -m training.person_mask wrote")
    parser.add_argument("out", type=Path, help="the .onnx to write")
    options = parser.parse_args(arguments)
    network = PersonMask()
    try:
        weights = load_file(options.checkpoint)
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        print(f"error: {options.checkpoint}: not a checkpoint of this network ({error})", file=sys.stderr)
        return 2
    difference = export_person_mask(network, options.out)
    if difference > LARGEST_DIFFERENCE:
        options.out.unlink()
        print(f"error: the graph is {difference:.2g} from torch, {LARGEST_DIFFERENCE} at most", file=sys.stderr)
        return 2
    print(f"{options.out}: {difference:.1e} from torch, SHA-256 {hashlib.sha256(options.out.read_bytes()).hexdigest()}")
    return 0


def export_person_mask(network: PersonMask, out: Path) -> float:
    """Writes the graph; how far its mask of a made-up picture is from torch's at most."""
    import onnxruntime

    fold_batch_norm(network.eval())
    image = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    graph = Graph("person_mask", Mask(network), {"image": image}, ("mask",))
    out.parent.mkdir(parents=True, exist_ok=True)
    export_graph(graph, out)
    model = onnx.load(str(out))
    store_in_half(model)
    onnx.save(model, str(out))
    onnx.checker.check_model(str(out), full_check=True)
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    found = session.run(None, {"image": image.numpy()})[0]
    return float(np.abs(found - graph.run()["mask"].numpy()).max())


def store_in_half(model: onnx.ModelProto) -> None:
    """Large weights as float16 and a Cast, which runtimes fold when they open the graph; arithmetic stays float32."""
    graph = model.graph
    for tensor in [tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT]:
        values = numpy_helper.to_array(tensor)
        if values.size < STORED_IN_HALF:
            continue
        name = f"{tensor.name}.half"
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), name))
        graph.node.insert(0, helper.make_node("Cast", [name], [tensor.name], f"widen_{name}", to=TensorProto.FLOAT))
        graph.initializer.remove(tensor)


if __name__ == "__main__":
    sys.exit(main())
