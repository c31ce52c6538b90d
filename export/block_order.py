"""Channels in blocks: where a convolution's channels become pixels, those of one pixel are made to lie together.

Torch's pixel shuffle takes the four pixels of a square from neighbouring channels (ONNX calls that CRD). Runtimes keep
channels innermost and would have to pick single numbers; of blocks (DCR) they copy runs.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper


def shuffle_blocks(model: onnx.ModelProto) -> None:
    """Reorder, in place, the channels of every Conv that feeds one DepthToSpace alone; results stay the same."""
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    readers = [name for node in graph.node for name in node.input] + [value.name for value in graph.output]
    for shuffle in [node for node in graph.node if node.op_type == "DepthToSpace"]:
        settings = {attribute.name: attribute for attribute in shuffle.attribute}
        conv = makers.get(shuffle.input[0])
        if "mode" not in settings or settings["mode"].s != b"CRD" or not (conv and conv.op_type == "Conv"):
            continue
        tensors = [weights.get(name) for name in conv.input[1:]]
        if readers.count(conv.output[0]) != 1 or any(readers.count(name) != 1 for name in conv.input[1:]):
            continue
        for tensor in tensors:
            assert tensor is not None  # exported weights are constants
            values = numpy_helper.to_array(tensor)
            squares = values.reshape(-1, settings["blocksize"].i ** 2, *values.shape[1:])
            blocks = np.ascontiguousarray(squares.swapaxes(0, 1)).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(blocks, tensor.name))
        settings["mode"].CopyFrom(helper.make_attribute("mode", "DCR"))
