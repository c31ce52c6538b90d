"""Which of the motion network's views the window shows in place of the animated square, if any."""

from realtime.devices.square_overlay import lay_over
from realtime.errors import CommandError, MarionetError
from realtime.figures.dashboard import Dashboard, Explainer, Preview
from realtime.frames import Pixels, Place

VIEWS = ("masks", "flow", "trust", "warped")


class MotionViewSwitch:
    """Owned by the window's thread, which runs what the views need: it slows the window down, and nothing else."""

    def __init__(self, dashboard: Dashboard) -> None:
        self._dashboard = dashboard
        self._explainer: Explainer | None = None
        self.view = ""  # empty: none

    def obey(self, argument: str) -> str:
        """The view named, or the next; refused, with what is missing, where nothing can be shown."""
        wanted = argument or ("off", *VIEWS, "off")[("", *VIEWS).index(self.view) + 1]
        if wanted == "off":
            self.view = ""
            return "view off"
        if self._explainer is None:
            self._explainer = self._dashboard.open_explainer()
        if self._dashboard.preview is None:
            raise CommandError("view: no driver has been seen yet", hint="wait for the first picture")
        self._explainer.picture(wanted, self._dashboard.preview)  # refused here, it changes nothing
        self.view = wanted
        return f"view: {wanted}, in this window only"

    def draw(self, picture: Pixels, preview: Preview, square: Place) -> None:
        """Draws the view over the square in picture [h, w, 3]; one that fails is turned off, and the user told."""
        if not self.view or self._explainer is None:
            return
        try:
            lay_over(picture, self._explainer.picture(self.view, preview), square, 1.0)
        except MarionetError as error:
            self.view = ""
            self._dashboard.notify(error.message)
