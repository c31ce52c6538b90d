"""The sections of a training configuration, each of which says what it needs of itself."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from realtime.parts import TOLD, PartName, Parts, odd_depths


class Section(BaseModel):
    """Refuses fields it does not know, and stays as it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSettings(Section):
    """Folders of clips, every `stride`-th frame of which is used; and where decoded frames are kept."""

    train: tuple[Path, ...] = Field(min_length=1)
    validation: tuple[Path, ...] = Field(min_length=1)
    stride: int = Field(2, ge=1)
    cache: Path = Path("out/frame_cache")


class StageSettings(Section):
    """`steps` of `batch` pairs at `size` pixels, the learning rate falling from the first value to the second."""

    size: Literal[64, 128, 256]
    batch: int = Field(ge=1)
    steps: int = Field(ge=1)
    learning_rate: tuple[float, float]


class LossSettings(Section):
    """`paper` is the adversarial objective of the paper; `reconstruction` needs no discriminator; in `distillation` a
    trained network teaches (TeacherSettings).

    `keypoints` trains the detector alone, on landmarks and equivariance: ten times cheaper a step, for a run before.
    `flow` trains the dense motion alone: it shall lead `landmarks.led` from where the driver's are to the source's, and
    elsewhere stay as it is, times `hold` (training/led_flow.py).
    `painting` trains the transfer network's painter alone, on windows around `landmarks.judged` (training/painting.py):
    beside the true pictures a discriminator counts, by what it takes for real (`convincing`) and by what it sees
    (`matching`), both after `head_start` steps in which it learns alone; what is not judged shall stay as it is
    (`hold`). With a teacher its picture is the aim, everywhere. `detail` asks results to keep the detail of the warped
    source where that has the shades of the true picture; it teaches the transfer network alone. `perceptual` weighs
    what a network for photographs sees (training/perceptual.py) in the reconstruction, `identity` what a network that
    tells people apart does (training/identity.py), `mesh` what one does that finds features of faces
    (training/face_mesh.py; both need landmarks of faces), `cycle` that results show the keypoints they were animated
    with. The share `cross` of a batch also moves other people: stills, or the neighbours' sources; what judges say of
    them teaches how to move them, never how to paint (training/strangers.py), but in `painting`, whose judge
    sees detail alone. `painted_identity` is `identity` that teaches the transfer network alone: at the flow, an
    embedding's gradient is ten times as long as the pictures' and points elsewhere in every batch.
    """

    objective: Literal["paper", "reconstruction", "distillation", "painting", "flow", "keypoints"] = "reconstruction"
    warped: float = Field(0.5, ge=0)
    gradient: float = Field(0.5, ge=0)
    equivariance: float = Field(0.2, ge=0)
    detail: float = Field(0.0, ge=0)
    perceptual: float = Field(0.0, ge=0)
    identity: float = Field(0.0, ge=0)
    painted_identity: float = Field(0.0, ge=0)
    mesh: float = Field(0.0, ge=0)
    cycle: float = Field(0.0, ge=0)
    cross: float = Field(0.0, ge=0, le=1)
    convincing: float = Field(0.3, ge=0)
    matching: float = Field(3.0, ge=0)
    hold: float = Field(6.0, ge=0)
    head_start: int = Field(100, ge=0)


class StillSettings(Section):
    """A folder of other people's pictures: `loss.cross` animates these.

    They show a face once, so that the driver's motion is all that can be asked of them (training/strangers.py).
    `landmarks` is the file of their faces, for losses that look at faces; without it the pictures in the column `still`
    of the CSV `leave_out` are kept for measuring.
    """

    folder: Path
    landmarks: Path | None = None
    leave_out: Path | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "StillSettings":
        if self.landmarks and self.leave_out:
            raise ValueError("leave_out: the landmarks say which pictures are used; leave it, or leave landmarks")
        return self


class TeacherSettings(Section):
    """The trained checkpoint whose keypoint detector and dense motion are taken over, and whose pictures are the aim.

    In distillation the error around the first `emphasised` of its keypoints counts once more, times `emphasis`.
    """

    checkpoint: Path
    emphasised: int = Field(0, ge=0)
    emphasis: float = Field(0.0, ge=0)


class LandmarkSettings(Section):
    """Landmarks that pull the first keypoints, with a weight falling from the first value to the second in `steps`.

    `points` are pairs of a landmark's number and its mirror image's, one pair per guided keypoint. Around the first
    `emphasised` of them the picture's error counts once more, times `emphasis`, and that of its neighbour differences
    times `emphasis_gradient`. `judged` are groups of guided keypoints, such as a mouth's and an eye's: the painting
    objective looks around them in turns, and judges what each spans. `spans` are pairs of guided keypoints, by their
    place in `points`, whose distance tells what a clip does seldom and briefly, such as two lids: the error of what
    lies between them counts with `span_weight` beside the points' own, and frames where a span is as unusual as it gets
    in its clip are drawn 1 + `span_sampling` times as often as where it is as usual; likewise with `turn_sampling`
    frames in which the face has another shape than in the source, as it has when it is turned, and with `lip_sampling`
    frames in which lips are apart that are closed in the source, or the other way round, and clips that have such
    (training/pairs.py). `led` are guided keypoints that the flow objective leads, each with the two that hide it when
    they meet, as lids hide an iris; frames in which they are elsewhere between these than in the source are drawn 1 +
    `led_sampling` times as often. `shift_weight` asks that keypoints move from source to driver as their landmarks do.
    `parts` tell the live program which guided keypoints are the face's, among them the mouth's and the eyes', and which
    the hair's beside it; `openings` which are opposite lips and lids; `depths` how far the points of parts.face lie
    towards the viewer, in spreads of the face (root mean square distances from its middle); `hair_depths` likewise
    those of parts.hair, as they seem when the head turns and when it nods.
    """

    folder: Path
    points: tuple[tuple[int, int], ...] = Field(min_length=1)
    weight: tuple[float, float] = (1.0, 0.1)
    steps: int = Field(2000, ge=1)
    emphasised: int = Field(0, ge=0)
    emphasis: float = Field(0.0, ge=0)
    emphasis_gradient: float = Field(0.0, ge=0)
    judged: tuple[tuple[int, ...], ...] = ()
    led: tuple[tuple[int, int, int], ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    parts: dict[PartName, tuple[int, ...]] = {}
    openings: tuple[tuple[int, int], ...] = ()
    depths: tuple[float, ...] = ()
    hair_depths: tuple[tuple[float, float], ...] = ()
    span_weight: float = Field(0.0, ge=0)
    span_sampling: float = Field(0.0, ge=0)
    shift_weight: float = Field(0.0, ge=0)
    turn_sampling: float = Field(0.0, ge=0)
    lip_sampling: float = Field(0.0, ge=0)
    led_sampling: float = Field(0.0, ge=0)

    @property
    def mirrors(self) -> tuple[tuple[int, int], ...]:
        """Places of the points of parts.face that are each other's mirror image, for the live program."""
        face = self.parts.get("face", ())
        found = (
            (place, self.points.index(pair[::-1]))
            for place, pair in enumerate(self.points)
            if pair[::-1] in self.points
        )
        return tuple(ends for ends in found if ends[0] < ends[1] and set(ends) <= set(face))

    @property
    def told(self) -> Parts:
        """What the live program is told of the keypoints."""
        return Parts.named(*(getattr(self, name) for name in TOLD))

    @model_validator(mode="after")
    def _places_are_of_points(self) -> "LandmarkSettings":
        count = len(self.points)
        named = [(f"parts: {name}", places) for name, places in self.parts.items()]
        groups = [*(("judged", group) for group in self.judged), *(("led", group) for group in self.led)]
        for name, places in [*named, *groups]:
            if not all(0 <= place < count for place in places):
                raise ValueError(f"{name} names {max(places)}, not a place in points; use 0 to {count - 1}")
        return self

    @model_validator(mode="after")
    def _depths_are_of_their_parts(self) -> "LandmarkSettings":
        odd = odd_depths(self.parts, self.depths, self.hair_depths)
        if odd:
            raise ValueError(f"{odd} in parts; name one for each")
        return self

    @model_validator(mode="after")
    def _turns_are_of_a_face(self) -> "LandmarkSettings":
        if self.turn_sampling and "face" not in self.parts:
            raise ValueError("turn_sampling: looks at the face's shape; name its points in parts.face, or leave it")
        return self

    @model_validator(mode="after")
    def _led_are_of_a_face(self) -> "LandmarkSettings":
        if self.led and "face" not in self.parts:
            raise ValueError("led: is measured in sizes of the face; name its points in parts.face, or leave it")
        if self.led_sampling and (self.turn_sampling or not self.led):
            raise ValueError("led_sampling: looks at what is led, not at turns; name it in led, or leave one of both")
        return self

    @model_validator(mode="after")
    def _lips_are_of_a_face(self) -> "LandmarkSettings":
        if self.lip_sampling and ("face" not in self.parts or not len(self.told.lips)):
            raise ValueError(
                "lip_sampling: looks at lips; name them in openings and parts.mouth, and parts.face, or leave it"
            )
        return self

    @model_validator(mode="after")
    def _pairs_are_of_points(self) -> "LandmarkSettings":
        count = len(self.points)
        for name, pair in (*(("spans", s) for s in self.spans), *(("openings", o) for o in self.openings)):
            if not all(0 <= end < count for end in pair):
                raise ValueError(f"{name}: {list(pair)} is not a pair of places in points; use 0 to {count - 1}")
        return self
