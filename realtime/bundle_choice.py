"""Which bundle a run animates with: the one named, else the finest that this machine is fast enough for."""

import logging
from collections.abc import Sequence
from pathlib import Path

from realtime.bundle import Bundle, open_bundle
from realtime.engines.automatic import EngineWish, choose_engine
from realtime.errors import BundleError
from realtime.manifest import MANIFEST_FILE
from realtime.settings import SHIPPED_BUNDLES, Settings

# Of the time between two pictures: the rest of the loop wants some too.
LARGEST_SHARE = 0.9

log = logging.getLogger(__name__)


def chosen_bundle(settings: Settings, shipped: Sequence[Path] = SHIPPED_BUNDLES) -> Bundle:
    """The bundle of the settings; where they name none, the finest of `shipped` that keeps up with the camera.

    Offline there is no hurry, and it is the finest. Raises BundleError; EngineError if nothing runs one of them.
    """
    if settings.bundle is not None:
        return open_bundle(settings.bundle)
    if settings.offline:
        return open_bundle(shipped[0])
    allowed_ms = LARGEST_SHARE * 1000 / settings.camera_rate
    wish = EngineWish(settings.engine, settings.precision, settings.threads)
    measured: list[tuple[float, Bundle]] = []
    for folder in shipped:
        bundle = open_bundle(folder)
        frame_ms = choose_engine(wish, bundle, settings.cache, timed=True).frame_ms or float("inf")
        measured.append((frame_ms, bundle))
        if frame_ms <= allowed_ms:
            break
    chosen_ms, chosen = min(measured, key=lambda one: one[0])
    for slower_ms, slower in measured:
        if slower is not chosen:
            log.info(
                "%s would take %.0f ms a frame, and there are %.0f: animating with %s, %.0f ms; --bundle %s overrules",
                *(slower.manifest.name, slower_ms, allowed_ms),
                *(chosen.manifest.name, chosen_ms, slower.path),
            )
    return chosen


def lighter_sibling(bundle: Bundle) -> Bundle | None:
    """The finest bundle of the same folder that takes and finds the same and animates with less; None without one.

    Siblings that cannot be opened are told and left out.
    """
    found = []
    for manifest in sorted(bundle.path.parent.glob(f"*/{MANIFEST_FILE}")):
        if manifest.parent == bundle.path:
            continue
        try:
            sibling = open_bundle(manifest.parent)
        except BundleError as error:
            log.warning("%s", error.message)
            continue
        same = sibling.graph("detect_keypoints").sha256 == bundle.graph("detect_keypoints").sha256
        if same and sibling.margin == bundle.margin and _weight(sibling) < _weight(bundle):
            found.append(sibling)
    return max(found, key=_weight, default=None)


def _weight(bundle: Bundle) -> int:
    return bundle.graph_path("animate").stat().st_size
