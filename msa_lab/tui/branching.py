"""Changing a run: real processes at once, a simulated one by playing it again with the same past."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Final

from msa_lab.errors import EnvironmentTrouble, MsaLabError
from msa_lab.tui.feed import chaospage
from msa_lab.tui.feed.chaospage import Change
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.palette import Palette
from msa_lab.tui.session import Hands, Session
from msa_lab.tui.travelling import Travelling

_ALL: Final = "a running shop heals all its faults at once: !"
_ALONE: Final = "This run's folder is all there is here; open it where its scenario is."
_REAL: Final = "Real time cannot be played again. x hurts the shop now; a simulated run can be forked."


class Branching(Travelling):
    """An app whose run can be played again with a change, as a new run with the same past."""

    def __init__(self, feed: Feed, session: Session | None) -> None:
        super().__init__(feed)
        self.session = session
        self._coming: Feed | None = None
        self._from = 0
        self._other = ""

    @property
    def sight(self) -> Sight:
        """What the screens look at now."""
        raise NotImplementedError

    def place(self) -> str:
        """Name the service that is looked at, for the palette; '' when there is none."""
        return ""

    @property
    def why_not(self) -> str:
        """Say why the run cannot be changed; '' when it can."""
        if self.session is None:
            return _ALONE
        if self._coming is not None:
            return "the run is just being played again"
        return self.session.why_not

    def _refused(self, title: str) -> bool:
        if self.why_not:
            self.notify(self.why_not, title=f"{title}: not here", severity="warning")
        return bool(self.why_not)

    @property
    def hands(self) -> Hands | None:
        """What acts in the real processes of this run at once."""
        return None if self.session is None else self.session.hands

    @property
    def now(self) -> Sight:
        """What the end of the log shows, wherever the viewer stands."""
        raise NotImplementedError

    def ask(self, work: Callable[[], str], title: str) -> None:
        """Let the shop do something, say what came of it; the view does not wait meanwhile."""

        def asked() -> None:
            options = {"title": title}
            try:
                told = work()
            except MsaLabError as trouble:
                render = getattr(trouble, "render", None)
                told = str(render()) if callable(render) else str(trouble)
                options |= {"title": f"{title}: refused", "severity": "error"}
            with contextlib.suppress(RuntimeError):  # the view was closed meanwhile
                self.call_from_thread(self.notify, told, **options)

        threading.Thread(target=asked, daemon=True).start()

    def action_fork(self) -> None:
        """Go another way from the moment at hand on."""
        if self.hands is not None:
            self.notify(_REAL, title="fork: not here", severity="warning")
        else:
            self.inject(self.place(), fork=True)

    def action_inject(self) -> None:
        """Open the chaos palette, about what is looked at."""
        self.inject(self.place())

    def inject(self, wanted: str, *, fork: bool = False) -> None:
        """Open the chaos palette with a search filled in, for a fork with a way to other settings."""
        hands = self.hands
        if hands is not None:
            title = f"Chaos, now  {len(self.now.moment.faults)} active"
            self.push_screen(
                Palette(self.now, hands.names, hands.line, wanted, title, at_once=True), self._inject
            )
            return
        if self._refused("inject a fault") or self.session is None:
            return
        session = self.session
        self.playback.playing = self.playback.follow = False
        self.redraw()
        try:
            names, acting = session.names, len(self.sight.moment.faults)
        except MsaLabError as trouble:
            self.notify(str(trouble), title="inject a fault: not here", severity="warning")
            return
        title = f"Chaos at T+{self.playback.t / 1e6:.3f}  {acting} active"
        palette = Palette(
            self.sight,
            names,
            lambda line: session.line([line], []),
            wanted,
            title,
            other=session.other_line if fork else None,
            patterns=session.patterns if fork else None,
        )
        self.push_screen(palette, self._inject)

    def _inject(self, line: str | None) -> None:
        hands = self.hands
        if line and hands is not None:
            self.ask(lambda: hands.inject(line), "inject a fault")
        elif line and line.startswith("--"):
            self._anew(line)
        elif line:
            self._branch(Change(add=(line,)))

    def action_heal(self) -> None:
        """Heal all faults, in real processes now, else from the moment at hand on; no question asked."""
        if self.hands is not None:
            self.ask(self.hands.heal, "heal all")
        else:
            self.heal("heal all", "no fault acts or is planned from here on")

    def heal(self, title: str, nothing: str, only: Iterable[str] | None = None) -> None:
        """Heal all faults from the moment at hand on, or those named; `nothing` says there is none."""
        if self.hands is not None:
            self.notify(_ALL, title=f"{title}: not here", severity="warning")
            return
        if self._refused(title) or self.session is None:
            return
        try:
            change = chaospage.healing(self.sight, self.session.faults, self.session.names, only)
        except MsaLabError as trouble:
            self.notify(str(trouble), title=f"{title}: not here", severity="warning")
            return
        if change.drop:
            self._branch(change)
        else:
            self.notify(nothing)

    def _branch(self, change: Change) -> None:
        if self.session is None:
            return
        self._from, self._other = self.playback.t, ""
        self.playback.playing = self.playback.follow = False
        try:
            self.session.branch(change.add, change.drop)
        except MsaLabError as trouble:
            self.notify(str(trouble), severity="error")
            return
        self._coming = self.feed  # until the new log is there
        self.notify("played again from the start, with the same past ...", timeout=2)

    def _anew(self, options: str) -> None:
        """Play a new run with other settings, from its start."""
        if self.session is None:
            return
        self._from, self._other = 0, str(self.session.summary.get("run", ""))
        self.playback.playing = self.playback.follow = False
        try:
            self.session.again(options)
        except MsaLabError as trouble:
            self.notify(str(trouble), severity="error")
            return
        self._coming = self.feed
        self.notify("a new run is played from its start ...", timeout=2)

    def hear(self) -> str:
        """Take in what the session says; give the word."""
        if self.session is None:
            return ""
        word = self.session.poll()
        if word == "begun" and self._coming is not None:
            with contextlib.suppress(EnvironmentTrouble):
                self._coming = Feed(self.session.log)
        elif word == "refused":
            self._coming = None
            self.notify(self.session.told, title="not played", severity="error", timeout=12)
        elif word == "over" and self.session.told:
            self.notify(self.session.told, severity="warning", timeout=12)
        return word

    def come(self, budget: float) -> bool:
        """Read the new log on; when it has reached the moment at hand, show it and give True."""
        coming = self._coming
        if coming is None or coming is self.feed:
            return False
        coming.log.look()
        coming.advance(budget)
        live = self.session is not None and self.session.live
        reached = len(coming.log) and coming.log.time(len(coming.log) - 1) >= self._from
        if not reached and (live or not coming.ready):
            return False
        same = bool(self._other) or self.feed.log.agrees(coming.log, self._from)
        self.feed.log.close()
        self._coming, self.feed, self.playback.log = None, coming, coming.log
        self.playback.seek(self._from)
        self.playback.growing = live
        self.playback.playing = True
        if self._other:
            told = f"another run, another past: msalab diff {self._other} {self._run}"
            self.notify(told, timeout=10)
        if not same:
            self.notify("its past is not the same: please report this", severity="error", timeout=12)
        return True

    @property
    def _run(self) -> str:
        return "" if self.session is None else str(self.session.summary.get("run", ""))

    def action_save(self) -> None:
        """Keep the run as a scenario that plays so again."""
        if self.session is None or self._coming is not None:
            self._refused("save as a scenario")
            return
        if self.session.live and not self.session.stays:
            self.notify("as soon as the run is over", title="save as a scenario: not yet")
            return
        try:
            told = self.session.save()
        except MsaLabError as trouble:
            told = str(trouble)
        self.notify(told, timeout=10)
