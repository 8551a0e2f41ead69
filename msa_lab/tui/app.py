"""The live view: one feed, a position in it, seven screens on it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from msa_lab.errors import EnvironmentTrouble
from msa_lab.tui.asciionly import AsciiOnly, key_in_words
from msa_lab.tui.clipboard import copy
from msa_lab.tui.commanding import Commanding, of_screen
from msa_lab.tui.dialogs import Confirm, help_lines
from msa_lab.tui.feed import panelhelp
from msa_lab.tui.feed.eventpage import next_trouble
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import Line, Signs, line
from msa_lab.tui.feed.scrub import header, instant_at, scrubber
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.feed.verbs import Focus
from msa_lab.tui.jumping import LETTERS, Jump, reachable
from msa_lab.tui.keys import EVERYWHERE, KEYS, SCREENS, keymap, screen_at, shown, tabs, told
from msa_lab.tui.outside import Paper
from msa_lab.tui.reading import Reading
from msa_lab.tui.screens.events import EventsView
from msa_lab.tui.screens.live import Live
from msa_lab.tui.screens.map import MapPicture, MapView
from msa_lab.tui.screens.metrics import MetricsView
from msa_lab.tui.screens.sagas import SagasView
from msa_lab.tui.screens.verdict import VerdictView
from msa_lab.tui.screens.view import View
from msa_lab.tui.session import Session
from msa_lab.tui.signals import end_on_signals
from msa_lab.tui.themes import THEMES
from msa_lab.tui.widgets.backdrop import Switcher
from msa_lab.tui.widgets.bars import Bar, ScrubberBar, Tabs
from msa_lab.tui.widgets.keysline import KeysLine
from msa_lab.tui.window import Turns, Window, collect, seldom_collecting

_FRAME: Final = 0.1
_READ: Final = 0.07
_SLICE: Final = 0.02
_OUTSIDE: Final = ("command_palette",)
_TWICE: Final = 2.0
_UNTIL_A_KEY: Final = 3600.0


def of_screens() -> list[list[Binding]]:
    """Give the keys that single screens have, screen by screen."""
    kinds: tuple[tuple[type, ...], ...] = (
        (Live,), (MapPicture, MapView), (SagasView,), (EventsView,), (MetricsView,), (VerdictView,),
    )  # fmt: skip
    return [
        [key for kind in together for key in kind.__dict__.get("BINDINGS", ()) if isinstance(key, Binding)]
        for together in kinds
    ]


class LabApp(Commanding):
    """Shows a run from its event log alone; what is to change goes to the session, which plays it again."""

    CSS_PATH = "lab.tcss"
    TITLE = "MSA Lab"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide"), (160, "-huge")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-middle"), (36, "-tall")]  # noqa: RUF012 - typed so by Textual
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(
        self,
        feed: Feed,
        summary: Mapping[str, Any],
        *,
        at: int | None = None,
        play: bool = False,
        unicode: bool = True,
        colour: bool = True,
        cache: Path = Path(),
        session: Session | None = None,
        speed: float = 1.0,
        private: bool = False,
        keys: Mapping[str, str] | None = None,
        program: Sequence[str] = (),
        browser: bool = False,
    ) -> None:
        """Open a feed. `at` is an instant in microseconds (None: the end); `session` plays the run.

        `program` calls the command line; `browser` tells that whoever sits before it may not have a shell.
        """
        super().__init__(feed, session, program=program, browser=browser, cache=cache)
        self.summary = summary
        self._private = private
        self._keys = keymap(keys, of_screens()) if keys else {}
        self.playback.speed = speed
        self._judged = session is None or not session.live
        self.signs = Signs(unicode)
        self._only = [] if unicode else [AsciiOnly()]
        self._views: dict[str, View] = {}
        self._bars: list[Bar] = []
        self._interrupted = -_TWICE
        self._lasts = 0.0
        self._open = SCREENS[0][0]
        self.trouble: EnvironmentTrouble | None = None
        self._wanted = at
        self._play = play
        self._colour = colour and not os.environ.get("NO_COLOR")
        self._before = time.perf_counter()
        self._turns = Turns()
        self._while_open = contextlib.ExitStack()
        self._shown: tuple[object, ...] = ()
        self._meaning = (False, True)
        if at is None:
            self.playback.end()
        self.playback.growing = self.live

    # -- layout ------------------------------------------------------------------------------------

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        if usual.__name__ != "LinuxDriver":  # a browser's, or that of a system without terminals of this kind
            return usual
        from msa_lab.tui.driver import VanishingDriver  # noqa: PLC0415 - there only

        return VanishingDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._only]

    def get_key_display(self, binding: Binding) -> str:
        written = super().get_key_display(binding)
        return written if self.signs.unicode else key_in_words(written)

    def get_default_screen(self) -> Screen[None]:
        return Window(id="_default")

    def compose(self) -> ComposeResult:
        yield Bar(self._header, name="header")
        yield Tabs(lambda width: tabs(str(self.view.id), width), name="tabs")
        sight = self.sight
        kinds: tuple[Callable[[Sight], View], ...] = (
            Live, MapView, SagasView, EventsView, MetricsView, VerdictView,
        )  # fmt: skip
        self._views = {str(view.id): view for view in (kind(sight) for kind in kinds)}
        yield Switcher(*self._views.values(), initial=self._open)
        yield ScrubberBar(self._scrubber, name="scrubber")
        yield KeysLine()

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.set_keymap(self._keys)
        self.theme = "msalab-dark" if self._colour else "msalab-plain"
        self.screen.set_class(not self.signs.unicode, "ascii")
        self._read(_READ * 4)
        self.set_interval(_FRAME, self._frame)
        if not self.is_headless:
            end_on_signals(self)
        self.call_after_refresh(self._enter)

    def _enter(self) -> None:
        self._while_open.enter_context(seldom_collecting())
        self.redraw()
        self.view.enter()

    def on_unmount(self) -> None:
        self._while_open.close()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self._turns.key(time.perf_counter())
            if not event.is_forwarded:
                self._clear()
        await super().on_event(event)

    @property
    def sight(self) -> Sight:
        """What the screens look at now."""
        return Sight(self.feed, self.playback.at, self.playback.t, self.signs, self.summary)

    @property
    def now(self) -> Sight:
        """What the end of the log shows."""
        return Sight(self.feed, len(self.feed.log), self.playback.last, self.signs, self.summary)

    @property
    def view(self) -> View:
        """The screen that is open."""
        return self._views[self._open]

    def _header(self, width: int) -> Line:
        play, signs = self.playback, self.signs
        if self.held is not None:
            pace = f"HELD {self.held}"
        elif play.playing:
            pace = f"{signs['play']} {play.pace}"
        elif play.at_end:
            pace = signs["up"] if self.live else signs["end"]
        else:
            pace = signs["pause"]
        return header(self.sight, width, pace=pace)

    def _scrubber(self, width: int) -> Line:
        if self.held is not None and self.playback.follow:
            word = "HELD"
        elif self.playback.playing:
            word = "PLAY"
        elif self.live and self.playback.follow:
            word = "LIVE"
        elif self.playback.at_end and not self.live:
            word = "END"
        else:
            word = "PAST" if self.live and self._real else "PAUSED"
        if not self.feed.ready and not self.live:
            word = f"{self.feed.share:.0%}"
        return scrubber(self.sight, width, word=word)

    @property
    def _real(self) -> bool:
        """Whether real processes play."""
        return self.summary.get("mode") == "process"

    @property
    def live(self) -> bool:
        """Whether the run is still played."""
        return self.session is not None and self.session.live

    # -- time --------------------------------------------------------------------------------------

    def _frame(self) -> None:
        now = time.perf_counter()
        if self._turns.frame(now):
            with contextlib.suppress(NoMatches):  # while the screen is being taken down
                self._next()
            collect(whole=self._turns.rests(now))

    def _next(self) -> None:
        now = time.perf_counter()
        elapsed, self._before = now - self._before, now
        self._hear()
        if self._coming is not None and self.come(_READ) and self.session is not None:
            self.summary, self._judged = self.session.summary, False
        if not self.feed.ready or self.feed.counted < 1:
            self._read(_SLICE if self.live else _READ)
        self.playback.tick(min(elapsed, 1.0))
        meaning = (self.holds, self.held is None)
        if meaning != self._meaning:
            self._meaning = meaning
            self.refresh_bindings()
        self._judge()
        state = (
            self.playback.at,
            self.playback.t,
            self.playback.playing,
            len(self.feed.log),
            self.feed.ready,
            self.feed.counted,
            self.held,
        )
        if state != self._shown:
            self._shown = state
            self.redraw()
        else:
            self.view.idle(_READ)

    def _hear(self) -> None:
        """Take in what the session says, and how far the log has grown."""
        if self.session is None or not (self.session.live or self.playback.growing):
            return
        self.hear()
        if self._coming is None:
            self.summary = self.session.summary
            self.playback.growing = self.session.live
            self.feed.log.look()
            self._turn_over()

    def _turn_over(self) -> None:
        """Go on in the next file of a shop's log, but while the viewer looks at the past."""
        if not (self.playback.follow and self.feed.log.replaced):
            return
        with contextlib.suppress(EnvironmentTrouble):  # not there yet; it is at the next look
            following = self.feed.after()
            self.feed.log.close()
            self.feed, self.playback.log = following, following.log
            self.playback.end()

    def _judge(self) -> None:
        """Tell the verdict once, when the viewer has come to the end of a run that was played for them."""
        verdict = self.summary.get("verdict")
        if self._judged or not verdict or not (self.playback.at_end and self.feed.ready):
            return
        self._judged = True
        findings = self.summary.get("expectations") or []
        held = sum(1 for finding in findings if finding["verdict"] == "HELD")
        lasts = self._lasts
        self.notify(
            "7 tells all, q quits",
            title=f"{verdict}: {held} of {len(findings)} expectations held",
            severity="information" if verdict == "PASSED" else "error",
            timeout=_UNTIL_A_KEY,
        )
        self._lasts = lasts  # the verdict goes at the next key, but an error just told does not go with it

    def _read(self, budget: float) -> None:
        """Read on in the log; what cannot be read ends the view."""
        try:
            self.feed.advance(budget)
        except EnvironmentTrouble as trouble:
            self.trouble = trouble
            self.exit(return_code=trouble.exit_code)
        self._place()

    def _place(self) -> None:
        """Go to the instant that was asked for as soon as it has been read."""
        if self._wanted is None or not (self.feed.ready or self.playback.last >= self._wanted):
            return  # not read so far
        self.playback.seek(self._wanted)
        self._wanted = None
        self.playback.playing = self._play

    def redraw(self) -> None:
        """Draw the open screen and the lines around it."""
        self.view.show(self.sight)
        self._bars = self._bars or [*self.screen_stack[0].query(Bar)]
        for bar in self._bars:
            bar.redraw()

    # -- keys --------------------------------------------------------------------------------------

    def action_open(self, name: str) -> None:
        """Open a screen."""
        if name == "lab":
            self.notify("No lab is under way in this run.", title="Lab", timeout=2)
            return
        self._open = name
        self.screen_stack[0].query_one(Switcher).current = name
        self.redraw()
        self.view.enter()

    def action_mark(self) -> None:
        """Put a mark here, on the Events screen at the cursor; or take it away."""
        at = self.playback.at
        if isinstance(self.view, EventsView):
            place = self.view.selected_place()
            at = at if place is None else place + 1
        made = self.feed.mark(at, "mark")
        self.notify("marked; [ and ] come back to it" if made else "mark taken away", timeout=2)
        self.redraw()

    def action_seek(self, step: int) -> None:
        """Go to the next match of the filter, or without one to the next trouble; or to the one before."""
        told = self.view.seek(step)
        if told is None:  # nothing is listed here: the moment itself goes there
            place = next_trouble(self.feed, self.playback.at - (step < 0), step)
            if place is not None:
                self.playback.show(place)
            told = "no more trouble this way" if place is None else ""
            self.redraw()
        if told:
            self.notify(told, timeout=2)

    def action_copy(self) -> None:
        """Copy the thing in focus."""
        text = self.view.thing()
        if text:
            self.hand_over(text)
        else:
            self.notify("there is nothing here to copy")

    def hand_over(self, text: str) -> None:
        """Copy a text."""
        if self._private:
            self.copy_to_clipboard(text)
            self.notify(f"copied {len(text)} characters, if the browser lets it")
        else:
            self.notify(copy(text, self.copy_to_clipboard, self._cache))

    def paper(self) -> Paper:
        """Give the thing in focus as a file."""
        return self.view.paper()

    def focus_of(self) -> Focus:
        """Give what the verbs of the command line are about now."""
        sagas, listed = self._views["sagas"], self._views["events"]
        saga = sagas.chosen if isinstance(sagas, SagasView) else ""
        chosen = listed.text if isinstance(listed, EventsView) else ""
        saga = self.view.saga() or saga
        return Focus(self.summary, self.playback.t / 1e6, saga, self.view.place(), chosen)

    def key_of(self, name: str) -> str:
        """Give the key with a name in the keymap, as it is written."""
        binding = next(it for it in KEYS if it.id == name)
        own = self._keys.get(name)
        return shown(own) if own else binding.key_display or binding.key

    def place(self) -> str:
        """Name the service or link that is looked at."""
        return self.view.place()

    def notify(self, message: str, **options: Any) -> None:  # noqa: ANN401 - those of App
        """Tell something; brackets are brackets."""
        super().notify(message, **{"markup": False, **options})
        if options.get("severity") == "error":
            self._lasts = time.perf_counter() + options.get("timeout", self.NOTIFICATION_TIMEOUT)

    def _clear(self) -> None:
        """Take away what was told, once a key is pressed; while an error is told, nothing."""
        if self._notifications and time.perf_counter() >= self._lasts:
            self.clear_notifications()

    def action_theme(self) -> None:
        """Take the next theme."""
        names = [theme.name for theme in THEMES]
        here = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(here + 1) % len(names)]
        self.redraw()

    async def action_quit(self) -> None:
        """Quit; while real processes play that stop with the view, ask."""
        if self.session is not None and self.live and not self.session.stays and self._real:
            question = "The shop is still running. Stop it and judge what was played?"
            self.push_screen(Confirm(question), self._leave)
        else:
            self.exit()

    def _leave(self, sure: bool | None) -> None:  # noqa: FBT001 - what the question answers
        if sure and self.session is not None:
            self.session.stop()
            self.exit()

    def action_help_quit(self) -> None:
        """Answer ^c: the first says which key quits, a second one soon after ends."""
        now = time.perf_counter()
        if now - self._interrupted < _TWICE:
            self.exit(return_code=130)
        self._interrupted = now
        self.notify("q quits; ^c once more, too", timeout=_TWICE)

    def action_maximise(self) -> None:
        """Let the panel in focus fill the screen, or put it back."""
        screen = self.screen_stack[0]
        if screen.maximized is not None:
            screen.minimize()
        elif self.focused is not None:
            screen.maximize(self.focused)

    def action_jump(self) -> None:
        """Put a letter on each panel and go to the one that is pressed; a digit opens a screen."""
        panels = reachable(self.view)

        def land(key: str | None) -> None:
            place = LETTERS.find(key) if key and len(key) == 1 else -1
            if 0 <= place < len(panels):
                self.view.focus_panel(panels[place])
            elif key in {str(number) for number in range(1, len(SCREENS) + 1)}:
                self.action_open(SCREENS[int(key) - 1][0])

        self.push_screen(Jump(panels), land)

    def action_picture(self) -> None:
        """Save the screen as an SVG picture in the current directory."""
        if self._private:
            self.notify("read-only: nothing is written", severity="warning")
        else:
            self.notify(f"saved {self.save_screenshot(path='.')}")

    def action_find(self) -> None:
        """Filter the events, from any screen."""
        self.action_open("events")
        view = self.view
        if isinstance(view, EventsView):
            view.action_filter()

    def action_up(self) -> None:
        """Go one level up; never out."""
        if self.screen_stack[0].maximized is not None:
            self.screen_stack[0].minimize()
        elif not self.view.up() and self.view.id != "live":
            self.action_open("live")

    def action_keys(self) -> None:
        """Show the keys that work here."""
        keys = told(self.screen.active_bindings.values(), self)
        title = f"Keys: {dict(SCREENS)[str(self.view.id)]}"
        self.push_screen(Reading(help_lines(keys), title, self.hand_over, also="question_mark,f1"))

    def action_help(self) -> None:
        """Tell what the panel in focus shows, and its keys."""
        panel = str(self.focused.id) if self.focused is not None else ""
        keys = told(self.screen.active_bindings.values(), self)
        near = [row for row in keys if row[0] != EVERYWHERE]
        name, lines = panelhelp.told(panel, self.signs, min(100, self.size.width - 4))
        shown = [*lines, (), *help_lines(near), (), line(("? lists the keys that work everywhere", "dim"))]
        self.push_screen(Reading(shown, f"Help: {name}", self.hand_over, also="question_mark,f1"))

    def action_command_palette(self) -> None:
        """Show the commands."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="what to do", id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Name what the palette offers: what the keys do here, then the verbs of the command line."""
        yield from of_screen(screen, self, _OUTSIDE)
        yield from self.offered()

    # -- messages ----------------------------------------------------------------------------------

    def on_view_opened(self, message: View.Opened) -> None:
        before = self.playback.t
        if message.place is not None and (message.place >= self.playback.at or message.screen == "sagas"):
            self.playback.show(message.place + 1)
        if self.playback.t != before:
            was, now = before / 1e6, self.playback.t / 1e6
            self.notify(f"now at T+{now:.3f} (was T+{was:.3f}), L: end", timeout=6)
        self.action_open(message.screen)
        view = self.view
        if isinstance(view, SagasView) and message.saga:
            view.open(message.saga)
        elif isinstance(view, EventsView) and message.place is not None:
            view.open(message.place)
        elif isinstance(view, EventsView) and message.filtered:
            view.narrow(message.filtered)

    def on_view_asked(self, message: View.Asked) -> None:
        self.inject(message.wanted)

    def on_view_healed(self, message: View.Healed) -> None:
        self.heal("heal here", f"no fault acts on {message.place} now", message.faults)

    def on_metrics_view_compared(self) -> None:
        view = self.view
        if isinstance(view, MetricsView):  # in a browser the other runs are not the viewer's to see
            view.choose(None if self._private else Path(self.feed.log.path).resolve().parent.parent)

    def on_tabs_clicked(self, message: Tabs.Clicked) -> None:
        name = screen_at(message.column)
        if name:
            self.action_open(name)

    def on_scrubber_bar_scrubbed(self, message: ScrubberBar.Scrubbed) -> None:
        self.playback.playing = False
        self.playback.seek(instant_at(message.column, self.sight, message.width))
        self.redraw()
