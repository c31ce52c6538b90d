"""Compiled graphs kept from run to run, each with its digest: a damaged one is named and compiled anew, never used.

A runtime's own check is not enough: OpenVINO says nothing about files that were torn or changed.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realtime.bundle import sha256_of

BLOBS, DIGEST = "*.blob", ".sha256"

log = logging.getLogger(__name__)


@contextmanager
def checked_blobs(folder: Path) -> Iterator[Path | None]:
    """The folder, for a runtime to read compiled graphs from and write them to while the body runs.

    None where it cannot be written, which is said: then nothing is kept.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for blob in folder.glob(BLOBS):
            _drop_unless_whole(blob)
    except OSError as error:
        log.warning("%s cannot be written (%s): graphs are compiled at every start", folder, error.strerror)
        yield None
        return
    yield folder
    for blob in folder.glob(BLOBS):
        if not _digest_file(blob).exists():
            _write_digest(blob)


def _drop_unless_whole(blob: Path) -> None:
    try:
        expected = _digest_file(blob).read_text()
    except FileNotFoundError:
        expected = None  # its process was ended before it could say that it is whole
    if expected == sha256_of(blob):
        return
    if expected is not None:
        log.warning("%s is damaged: compiling the graph anew", blob)
    blob.unlink()
    _digest_file(blob).unlink(missing_ok=True)


def _write_digest(blob: Path) -> None:
    partial = blob.with_suffix(".partial")
    try:
        partial.write_text(sha256_of(blob))
        partial.replace(_digest_file(blob))
    except OSError as error:  # another process dropped or renewed it, or the disk is full: compiled once more next time
        log.info("%s: %s", blob, error.strerror)


def _digest_file(blob: Path) -> Path:
    return blob.with_suffix(DIGEST)
