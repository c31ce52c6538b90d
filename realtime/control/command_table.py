"""Everything a user can ask for while live: names, keys, words for the help. The README's table is made of this one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

SWITCH = "[on|off]"  # without an argument it turns round
STEP = "+|-|NUMBER"
MOTIONS = "[relative|absolute]"
VIEWS = "[off|masks|flow|trust|warped]"
PICTURES = "[square|portrait]"
GAIN = "[head|mouth|eyes] +|-|NUMBER"
_PATTERNS = {
    "": "",
    GAIN: r"((overall|head|mouth|eyes) )?(\+|-|\d+(\.\d+)?)",
    SWITCH: "(on|off)?",
    MOTIONS: "(relative|absolute)?",
    VIEWS: "(off|masks|flow|trust|warped)?",
    PICTURES: "(square|portrait)?",
    STEP: r"\+|-|\d+(\.\d+)?",
}


class Part(Enum):
    """Who carries a command out, each on a thread of its own."""

    RUN = "the program itself"
    ANIMATOR = "the animate thread"
    OUTPUT = "the sending side"
    WINDOW = "the window"


@dataclass(frozen=True, slots=True)
class Control:
    """One command. argument is how it is written in the help; keys maps each default key to the argument it gives."""

    name: str
    part: Part
    help: str
    argument: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)

    def accepts(self, argument: str) -> bool:
        """Whether argument has the form this command takes; free text is judged by whoever carries it out."""
        pattern = _PATTERNS.get(self.argument, ".+")
        return re.fullmatch(pattern, argument) is not None

    @property
    def usage(self) -> str:
        """How it is written: `mirror-input [on|off]`."""
        return f"{self.name} {self.argument}".rstrip()


CONTROLS: tuple[Control, ...] = (
    Control("quit", Part.RUN, "end", keys={"q": "", "escape": ""}),
    Control("status", Part.RUN, "the run's figures, as JSON"),
    Control(
        "portrait",
        Part.ANIMATOR,
        "switch to a portrait; a file joins the others",
        "NUMBER|NAME|FILE",
        {str(number): str(number) for number in range(1, 10)},
    ),
    Control("next", Part.ANIMATOR, "next portrait", keys={"d": ""}),
    Control("previous", Part.ANIMATOR, "previous portrait", keys={"a": ""}),
    Control("reload", Part.ANIMATOR, "read the portraits again", keys={"l": ""}),
    Control("calibrate", Part.ANIMATOR, "take your present pose as neutral", keys={"x": ""}),
    Control("auto-calibrate", Part.ANIMATOR, "find the neutral pose by itself, and follow its drift", SWITCH),
    Control(
        "best-frame", Part.ANIMATOR, "look for the pose most like the portrait's; again to keep it", SWITCH, {"f": ""}
    ),
    Control("save-pose", Part.ANIMATOR, "keep neutral pose and gains for this camera and portrait", keys={"e": ""}),
    Control("motion", Part.ANIMATOR, "relative or absolute motion", MOTIONS, {"v": ""}),
    Control("gain", Part.ANIMATOR, "more or less motion, or only of a part", GAIN, {"]": "+", "[": "-"}),
    Control("limiter", Part.ANIMATOR, "hold back motion the portrait cannot follow", SWITCH),
    Control("smoothing", Part.ANIMATOR, "calm the keypoints", SWITCH),
    Control("tracking", Part.ANIMATOR, "follow your face with the crop", SWITCH, {"g": ""}),
    Control("zoom", Part.ANIMATOR, "zoom your picture", STEP, {"w": "+", "s": "-"}),
    Control(
        "pan",
        Part.ANIMATOR,
        "move your picture",
        "left|right|up|down|X Y",
        {
            "h": "left",
            "k": "right",
            "u": "up",
            "j": "down",
            "left": "left",
            "right": "right",
            "up": "up",
            "down": "down",
        },
    ),
    Control("recentre", Part.ANIMATOR, "zoom and pan undone, the largest face followed", keys={"home": ""}),
    Control("behind", Part.ANIMATOR, "what is behind the person in the portraits", "auto|still|keep|blur|#RRGGBB|FILE"),
    Control("mirror-input", Part.ANIMATOR, "mirror you", SWITCH, {"m": ""}),
    Control("mirror-output", Part.ANIMATOR, "mirror what is sent", SWITCH, {"t": ""}),
    Control("picture", Part.ANIMATOR, "the square alone, or the whole portrait around it", PICTURES, {"n": ""}),
    Control("background", Part.OUTPUT, "what is beside the portrait", "auto|blur|#RRGGBB|FILE"),
    Control("freeze", Part.OUTPUT, "hold the picture others see", SWITCH, {"space": ""}),
    Control("away", Part.OUTPUT, "show the away picture", SWITCH, {"b": ""}),
    Control("screenshot", Part.OUTPUT, "save the picture others see as a PNG file", keys={"p": ""}),
    Control("hud-output", Part.OUTPUT, "the same figures over what others see", SWITCH),
    Control("mirror-preview", Part.WINDOW, "mirror what the window shows", SWITCH, {"r": ""}),
    Control("hud", Part.WINDOW, "figures: rates, age, time per stage, drops, engine", SWITCH, {"i": ""}),
    Control("overlay", Part.WINDOW, "you as a ghost, to line up; in the window only", STEP, {"c": "+", "z": "-"}),
    Control("keypoints", Part.WINDOW, "keypoints, in the window only", SWITCH, {"o": ""}),
    Control("view", Part.WINDOW, "what the motion network thinks, in the window only", VIEWS, {"y": ""}),
    Control("help", Part.WINDOW, "show this list", SWITCH, {"?": "", "f1": ""}),
)
