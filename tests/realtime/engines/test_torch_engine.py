"""What torch compiles a graph with must be something that the graph can be run on."""

import pytest
import torch

from realtime.bundle import GRAPH_NAMES, GraphName, open_bundle
from realtime.engines.torch_engine import example_input
from realtime.engines.torch_graph import read_graph
from realtime.settings import DEFAULT_BUNDLE


@pytest.mark.parametrize("graph", GRAPH_NAMES)
def test_the_shipped_graphs_make_numbers_of_the_examples(graph: GraphName) -> None:
    bundle = open_bundle(DEFAULT_BUNDLE)
    module = read_graph(str(bundle.graph_path(graph, "fp32")))
    examples = [example_input(entry.name, entry.shape) for entry in bundle.graph(graph).inputs]
    with torch.inference_mode():
        outputs = module(*examples)
    assert [tuple(output.shape) for output in outputs] == module.output_shapes
    assert all(output.isfinite().all() for output in outputs)
