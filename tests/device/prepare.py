"""Writes what the tests in the machine need, outside of it, where Python is fast."""

import compileall
import sys
from pathlib import Path

import cv2
import numpy as np

from tests.device.pictures import BUNDLE_FOLDER, PORTRAIT_FILE, portrait
from tests.tiny_bundle import write_tiny_bundle


def main(folder: Path) -> None:
    """A tiny bundle, a portrait, and the program's bytecode, which the machine would make anew at each start."""
    write_tiny_bundle(folder / BUNDLE_FOLDER)
    data = cv2.imencode(".png", cv2.cvtColor(portrait(), cv2.COLOR_RGB2BGR))[1]
    np.asarray(data).tofile(folder / PORTRAIT_FILE)
    for code in ("realtime", "tests"):
        compileall.compile_dir(code, quiet=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
