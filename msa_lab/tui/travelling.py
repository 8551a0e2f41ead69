"""Moving through a run: the keys of time."""

from __future__ import annotations

from textual.app import App

from msa_lab.tui.dialogs import GoTo
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.goto import NowhereError, place_of
from msa_lab.tui.feed.playback import Playback


class Travelling(App[None]):
    """An app with a position in a feed; whoever inherits draws it."""

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self.feed = feed
        self.playback = Playback(feed.log)

    def redraw(self) -> None:
        """Draw what holds at the position."""
        raise NotImplementedError

    def action_play(self) -> None:
        """Pause, or go on; at the end begin again."""
        self.playback.toggle()
        self.redraw()

    def action_step(self, count: int) -> None:
        """Go one event on or back."""
        self.playback.step(count)
        self.redraw()

    def action_marker(self, step: int) -> None:
        """Go to the next marker: a fault, a violation, a crash, a load phase or a mark."""
        marker = self.feed.next_marker(self.playback.at, step)
        if marker is None:
            self.notify("no marker this way")
            return
        self.playback.show(marker.at - 1)
        self.redraw()
        self.notify(f"T+{marker.t / 1e6:.3f}  {marker.kind}  {marker.text}", timeout=2)

    def action_speed(self, steps: int) -> None:
        """Play faster or slower."""
        self.playback.faster(steps)
        self.redraw()
        self.notify(f"speed {self.playback.pace}", timeout=1)

    def action_end(self) -> None:
        """Go to the end of the log and follow it."""
        self.playback.end()
        self.redraw()

    def action_goto(self) -> None:
        """Ask where to go."""
        self.push_screen(GoTo(), self._go)

    def _go(self, where: str | None) -> None:
        if not where:
            return
        try:
            at = place_of(where, self.feed, self.playback.at)
        except NowhereError as nowhere:
            self.notify(str(nowhere), severity="warning")
            return
        self.playback.show(at - 1)
        self.redraw()
