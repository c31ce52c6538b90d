"""The animator: a frame of the driver in, a frame of the portrait out."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

from realtime.bundle import Bundle, open_bundle
from realtime.closing import Closing
from realtime.controls import Command, Obey, on_or_off, switched
from realtime.engines.base import Engine
from realtime.engines.catalogue import open_engine
from realtime.errors import SourceError
from realtime.faces.detector import FaceDetector
from realtime.faces.driver_framing import DriverFraming
from realtime.faces.finder import BackgroundFaceFinder, FaceFinder, PromptFaceFinder
from realtime.figures.dashboard import Dashboard, Preview
from realtime.frames import AnimatedFrame, Background, Frame, Keypoints, Motion, Part, Pixels
from realtime.framing import cut_out, mirrored
from realtime.motion_mapper import MotionMapper, MotionOptions
from realtime.motion_views import MotionViews
from realtime.networks import Networks, network_id
from realtime.portraits.background import AUTO
from realtime.portraits.cross_fade import CrossFade
from realtime.portraits.gallery import Gallery, Source
from realtime.portraits.grounds import Grounds
from realtime.portraits.opener import PortraitOpener
from realtime.portraits.portrait import Portrait
from realtime.portraits.pose_file import PoseStore
from realtime.settings import DEFAULT_BUNDLE
from realtime.showing import Showing
from realtime.timing import Stopwatch

MEGABYTE = 1_000_000
DEFAULT_ENGINE = "onnx-cpu"


@dataclass(frozen=True, slots=True)
class AnimatorOptions(MotionOptions):
    """How the driver is looked at, and how the portraits are kept and shown."""

    mirror: bool = False
    mirror_output: bool = False
    part: Part = "square"  # of the portrait that is shown
    tracking: bool = True
    background: bool = False  # look for the driver's face off the way of a frame: for live runs
    fade_s: float = 0.2  # from one portrait to the next
    memory_mb: float = 512.0  # for portraits encoded ahead
    beside: Background | None = None  # seen where a portrait is transparent; without it, what its pack wishes
    behind: str = AUTO  # a portrait's person: still, keep, blur, a colour or a file
    portraits: Path | None = None  # the folder that next and previous go through; it is watched


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """The driver in one frame, as the model sees it: s s 3."""

    driver: Pixels
    keypoints: Keypoints


class Animator(Closing):
    """Owns the encoded portraits, the calibration and the filters. After set_source, one thread calls all else.

    Without a detector, portrait and driver are cropped to their centre squares. What the user should know is written to
    dashboard.
    """

    def __init__(
        self,
        engine: Engine,
        bundle: Bundle,
        options: AnimatorOptions | None = None,
        detector: FaceDetector | None = None,
        stopwatch: Stopwatch | None = None,
        dashboard: Dashboard | None = None,
    ) -> None:
        self._size_px = bundle.image_size
        self._network = network_id(bundle)
        self._options = options or AnimatorOptions()
        self._detector = detector
        self._dashboard = dashboard or Dashboard()
        self._dashboard.bundle = bundle.manifest.name
        self._dashboard.open_explainer = partial(MotionViews, bundle)
        self._stopwatch = stopwatch
        self._networks = Networks(engine, self._stage, bundle.parts)
        self._framing = DriverFraming(self._finder(), self._options.tracking, bundle.parts)
        grounds = Grounds(self._options.beside, self._options.behind, told=bundle.tells_motion)
        self._opener = PortraitOpener(self._size_px, detector, self._network, grounds, bundle.margin)
        self._mapper = MotionMapper(self._options, self._dashboard.notify, bundle.parts)
        self._fade = CrossFade(self._options.fade_s)
        self._showing = Showing(self._options.part, self._options.mirror_output)
        budget_bytes = round(self._options.memory_mb * MEGABYTE)
        self._gallery = Gallery(
            self._networks.encode, self._opener, self._options.portraits, budget_bytes, self._dashboard.notify
        )
        self.handlers: Mapping[str, Obey] = {
            **self._gallery.handlers,
            **self._framing.handlers,
            **self._mapper.handlers,
            **self._showing.handlers,
            "mirror-input": self._obey_mirror_input,
        }

    @classmethod
    def open(
        cls,
        source: Path | str,
        *,
        bundle: Path | str = DEFAULT_BUNDLE,
        engine: str = DEFAULT_ENGINE,
        options: AnimatorOptions | None = None,
        find_faces: bool = True,
    ) -> Self:
        """An animator of the picture or pack at source, ready for frames; it closes its engine. Raises MarionetError.

        Without find_faces the centre squares of picture and frames are used.
        """
        opened = open_bundle(Path(bundle))
        detector = FaceDetector() if find_faces else None
        animator = cls(open_engine(engine, opened), opened, options, detector)
        try:
            animator.open_source(Path(source))
        except BaseException:
            animator.close()
            raise
        return animator

    @property
    def portrait(self) -> Portrait:
        """The portrait shown. Raises SourceError before there is one."""
        return self._source().portrait

    @property
    def has_settled(self) -> bool:
        """Whether every portrait there is room for has been encoded, so that switching costs no frame."""
        return self._gallery.settled

    def set_source(self, pixels: Pixels) -> None:
        """Makes pixels [h, w, 3] uint8 RGB the portrait, framed and encoded once. Raises SourceError without a face."""
        self._gallery.start_with(self._networks.encode(self._opener.of_pixels(pixels)))

    def open_source(self, path: Path) -> None:
        """Makes the picture or pack at path the portrait; the others are read meanwhile. Raises SourceError."""
        self._gallery.start_with(self._networks.encode(self._opener.open(path)), path)

    def remember_poses(self, folder: Path, camera: str) -> None:
        """From now on neutral poses saved in folder for camera are used, and save-pose writes there."""
        self._mapper.poses = PoseStore(folder, camera, self._network)

    def obey(self, command: Command) -> object:
        """Carries out a command between two frames: what to tell the user, or a future of it. Raises MarionetError."""
        return self.handlers[command.name](command.argument)

    def calibrate(self) -> None:
        """Takes the driver's pose in the next frame as neutral."""
        self._mapper.calibrate()

    def meet_driver(self) -> None:
        """Forgets the driver seen so far: the face is looked for anew, and the next pose is neutral."""
        self._framing.reset()
        self._mapper.calibrate()

    def take_best_neutral(self, frames: Iterable[Frame]) -> None:
        """Makes neutral the pose among frames most like the portrait's. Raises SourceError before set_source."""
        portrait = self._source().keypoints
        self.meet_driver()
        for frame in frames:
            sight = self._see(frame)
            if sight is not None:
                self._mapper.consider(sight.keypoints, portrait)
        self._framing.reset()

    def at_rest(self) -> AnimatedFrame:
        """The portrait before any driver. Raises SourceError before set_source."""
        return self._showing.at_rest(self._source(), index=-1, captured_at=0.0)

    def animate(self, frame: Frame) -> AnimatedFrame:
        """The portrait [n, n, 3] in the driver's pose, with the frame's index and birth time.

        n is the model's picture size, up to twice that for a portrait with finer detail of its own. While the driver's
        face is not found yet, the portrait at rest. Raises SourceError before set_source.
        """
        self._gallery.step()
        source = self._source()
        self._dashboard.portrait = source.portrait.name
        motion = self._read_motion(frame, source)
        if motion is None:
            return self._showing.at_rest(source, frame.index, frame.captured_at)
        pixels = self._networks.animate(source, motion, self._showing.held(source))
        pixels = self._fade.passed(pixels, source, frame.captured_at)
        return self._showing.moved(pixels, source, frame.index, frame.captured_at)

    def close(self) -> None:
        """Closes the engine and ends the reader of portraits; closing twice is safe."""
        self._gallery.close()
        self._framing.close()
        self._networks.close()

    def _finder(self) -> FaceFinder | None:
        if self._detector is None:
            return None
        return (BackgroundFaceFinder if self._options.background else PromptFaceFinder)(self._detector)

    def _source(self) -> Source:
        if self._gallery.current is None:
            raise SourceError("there is no portrait yet", hint="call set_source first")
        return self._gallery.current

    def _see(self, frame: Frame) -> _Sight | None:
        """The driver's face in frame; None where it is not seen."""
        with self._stage("find"):
            crop = self._framing.crop_for(frame)
        if crop is None:
            return None
        with self._stage("crop"):
            driver = cut_out(frame.pixels, crop, self._size_px)
            driver = mirrored(driver) if self._options.mirror else driver
        keypoints = self._networks.detect(self._framing.evened(driver, frame.captured_at))
        self._framing.saw(frame, crop, keypoints, self._options.mirror)
        return _Sight(driver, keypoints)

    def _read_motion(self, frame: Frame, source: Source) -> Motion | None:
        sight = self._see(frame)
        if sight is None:
            return None
        with self._stage("transfer"):
            motion = self._mapper.motion(sight.keypoints, source, frame.captured_at)
        self._dashboard.range_used = self._mapper.range_used
        self._dashboard.preview = Preview(sight.driver, sight.keypoints, motion.target, source.view)
        return motion

    def _stage(self, name: str) -> AbstractContextManager[object]:
        return self._stopwatch.stage(name) if self._stopwatch else nullcontext()

    def _obey_mirror_input(self, argument: str) -> str:
        self._options = replace(self._options, mirror=switched(self._options.mirror, argument))
        self.calibrate()
        return f"mirror of the input {on_or_off(self._options.mirror)}"
