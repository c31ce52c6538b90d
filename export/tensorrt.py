"""`python -m export.tensorrt BUNDLE --precision fp16`: TensorRT's plans ahead, in the cache the engine reads."""

import argparse
import functools
import logging
import sys
from pathlib import Path
from typing import get_args

from platformdirs import user_cache_path

from realtime.bundle import Bundle, open_bundle
from realtime.engines.tensorrt_build import MODULES, build_plan, load_tensorrt, plan_key
from realtime.engines.tensorrt_plans import open_plan, plan_folder
from realtime.errors import MarionetError
from realtime.manifest import GRAPH_NAMES, Precision


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when every plan is in the cache, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m export.tensorrt", description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--precision", choices=[p for p in get_args(Precision) if p != "int8"], default="fp16")
    parser.add_argument("--runtime", choices=MODULES, help="default: the first that is installed")
    parser.add_argument("--cache", type=Path, default=user_cache_path("marionet", appauthor=False))
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    names = (options.runtime,) if options.runtime else MODULES
    try:
        folders = build_plans(open_bundle(options.bundle), options.precision, options.cache, names)
    except MarionetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for folder in folders:
        print(folder)
    return 0


def build_plans(bundle: Bundle, precision: Precision, cache: Path, names: tuple[str, ...] = MODULES) -> list[Path]:
    """The folders in `cache` that now hold a plan for each graph. Raises EngineError, BundleError."""
    tensorrt = load_tensorrt("export.tensorrt", names)
    folders = []
    for graph in GRAPH_NAMES:
        key = plan_key(tensorrt, bundle.graph(graph, precision), precision, "export.tensorrt")
        open_plan(cache, key, graph, functools.partial(build_plan, tensorrt, bundle.graph_path(graph, precision)))
        folders.append(plan_folder(cache, key))
    return folders


if __name__ == "__main__":
    sys.exit(main())
