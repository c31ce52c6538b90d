"""What libraries under this program read from the environment; entry points call it before those are imported."""

from collections.abc import MutableMapping

_WISHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime would report to its makers
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "2",  # OpenCV would wait 10 s for a dead webcam
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",  # the window library greets on stdout otherwise
    # Else the window's class is that of the interpreter, and no tool or rule of a desktop finds it.
    "SDL_VIDEO_X11_WMCLASS": "marionet",
    "SDL_VIDEO_WAYLAND_WMCLASS": "marionet",
}


def prepare(environment: MutableMapping[str, str]) -> None:
    """Writes the program's wishes into environment; what the user has set there stays."""
    for name, value in _WISHES.items():
        environment.setdefault(name, value)
