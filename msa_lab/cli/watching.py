"""Plays a run for the live view, or opens a kept one: what the view can ask of the world outside."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msa_lab.cli import runpages
from msa_lab.cli.hands import ShopHands
from msa_lab.cli.messages import loading, say
from msa_lab.cli.options import Talk
from msa_lab.cli.orders import EXIT_BUG, Begun, Order, Over, Refused, Script, work
from msa_lab.cli.places import cache_folder
from msa_lab.cli.settings import own_keys
from msa_lab.cli.stopping import stopping
from msa_lab.cli.terminal import Terminal, emit, printable, terminal_of
from msa_lab.cli.wanted import Wanted, wanted_of
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence import EVENTS, StoredRun
from msa_lab.persistence.shoplog import last_event

if TYPE_CHECKING:
    from msa_lab.chaos.naming import Names


VIEW: Final = "msa_lab.tui.opening"
"""Found by name: the command line and the view stand side by side, and neither imports the other."""
PROGRAM: Final = (sys.executable, "-P", "-m", "msa_lab")
"""How the view calls the command line."""
_PATIENCE: Final = 20.0
_SMALLEST: Final = (60, 16)
_LOOK: Final = 0.1
_PROCESS: Final = "real processes have a past that cannot be played again; what is shown is the record"


def opens(asked: str) -> bool:
    """Tell whether the view opens: `tui`, or `auto` on a terminal before which somebody sits.

    Raises:
        EnvironmentTrouble: when it was asked for where there is no terminal.
    """
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if asked == "tui" and not terminal:
        raise EnvironmentTrouble("the live view needs a terminal\n  without one:  --ui plain")
    if asked != "auto" or not terminal:
        return asked == "tui"
    dumb = os.environ.get("TERM", "") in ("", "dumb") and os.name != "nt"
    return not dumb and "CI" not in os.environ and _fits()


def _fits() -> bool:
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return False
    return size.columns >= _SMALLEST[0] and size.lines >= _SMALLEST[1]


class Watched:
    """A run under way in a process of its own; the view asks it, and it never waits for the view."""

    def __init__(self, order: Order, kept: StoredRun | None = None) -> None:
        self.order = order
        self.log = Path() if kept is None else kept.path / EVENTS
        self.summary: Mapping[str, Any] = {} if kept is None else kept.summary
        self.live = False
        self.over: Over | Refused | None = None
        self._script: Script | None = None
        self._door: tuple[Path, str] | None = None
        self._line: Connection | None = None
        self._engine: BaseProcess | None = None

    stays = False

    @property
    def hands(self) -> ShopHands | None:
        """What acts in the real processes of the run, while it is played."""
        if not self.live or self._door is None:
            return None
        return ShopHands(*self._door, self._known().names, self._line_now)

    def _line_now(self, fault: str) -> str:
        """Give the command line of the run with a fault that comes now."""
        last = last_event(self.log.parent)
        at = f" at {0 if last is None else last.t // 1_000}ms"
        head, lasts, rest = fault.partition(" for ")
        return self.line([f"{head}{at}{lasts}{rest}"], [])

    @property
    def why_not(self) -> str:
        """Say why the run cannot be played again with a change; '' when it can."""
        return "" if self.order.wanted.mode == "sim" else _PROCESS

    def _known(self) -> Script:
        if self._script is None:  # a kept run: what it was played from is read when that is asked for
            from msa_lab.cli.changing import script_of  # noqa: PLC0415 - heavy modules wait
            from msa_lab.cli.playing import planned  # noqa: PLC0415 - as above

            self._script = script_of(planned(self.order.wanted))
        return self._script

    @property
    def names(self) -> Names:
        """What there is to hurt.

        Raises:
            UserMistake: when a kept run's files are not there any more.
        """
        return self._known().names

    @property
    def patterns(self) -> Mapping[str, str]:
        """How the pattern switches stand."""
        return self._known().patterns

    @property
    def faults(self) -> Mapping[str, str]:
        """The planned faults."""
        return self._known().faults

    def _changed(self, add: Sequence[str], drop: Sequence[str]) -> Wanted:
        from msa_lab.cli.changing import changed  # noqa: PLC0415 - heavy modules wait

        return changed(self.order.wanted, self._known(), add, drop)

    def _profile(self) -> str:
        from msa_lab.scenario.model import NO_CHAOS  # noqa: PLC0415 - heavy, and only when it is asked for

        return str(self.summary.get("chaos") or NO_CHAOS)

    def line(self, add: Sequence[str], drop: Sequence[str]) -> str:
        """Give the command line of the run with some faults more and some less."""
        wanted = self._changed(add, drop)
        profile = self._profile()
        return wanted.written(profile, default=bool(wanted.chaos), seed=int(self.summary.get("seed") or 0))

    def _other(self, options: str) -> Wanted:
        """Ask for a run with other settings.

        Raises:
            UserMistake: when these are none.
        """
        try:
            asked = wanted_of(f"msalab scenario NAME {options}")
        except ValueError as error:
            raise UserMistake(f"{error}: --set, --var, --topology or --seed") from error
        wanted = self.order.wanted
        return dataclasses.replace(
            wanted,
            topology=asked.topology or wanted.topology,
            seed=int(self.summary["seed"]) if asked.seed is None else asked.seed,
            settings=(*wanted.settings, *asked.settings),
            variables=(*wanted.variables, *asked.variables),
        )

    def other_line(self, options: str) -> str:
        """Give the command line of a new run with other settings.

        Raises:
            UserMistake: when these are none.
        """
        wanted = self._other(options)
        profile = self._profile()
        return wanted.written(profile, default=bool(wanted.chaos), seed=int(wanted.seed or 0))

    def again(self, options: str) -> None:
        """Play a new run with other settings.

        Raises:
            UserMistake: when these are none.
        """
        other = self._other(options)
        self.end()
        self.order = dataclasses.replace(self.order, wanted=other)
        self.start()

    def branch(self, add: Sequence[str], drop: Sequence[str]) -> None:
        """Play the run again from its start with some faults more and some less, as a new run."""
        changed = dataclasses.replace(self._changed(add, drop), seed=int(self.summary["seed"]))
        self.end()
        self.order = dataclasses.replace(self.order, wanted=changed)
        self.start()

    def save(self) -> str:
        """Keep the run as a scenario; say where and how it is played.

        Raises:
            UserMistake: when its files are not what they were.
            EnvironmentTrouble: when it cannot be written.
        """
        from msa_lab.cli.recording import record  # noqa: PLC0415 - heavy modules wait

        path, line = record(StoredRun(self.log.parent, self.summary))
        real = "" if self.order.wanted.mode == "sim" else "\nreal processes never run twice alike"
        return f"wrote {path}\nplay it: {line}{real}"

    def start(self) -> None:
        """Let the engine begin; `poll` tells when it has."""
        context = multiprocessing.get_context("spawn")  # forked threads and terminals would be trouble
        self._line, theirs = context.Pipe()
        self._engine = context.Process(target=work, args=(self.order, theirs), name="msalab-engine")
        self._engine.start()
        theirs.close()
        self.live = True
        self.over = None

    def poll(self, wait: float = 0.0) -> str:
        """Take in what the engine says: 'begun', 'over', 'refused', or '' for nothing new."""
        if self._line is None or not self.live:
            return ""
        try:
            if not self._line.poll(wait):
                return ""
            word: Begun | Over | Refused = self._line.recv()
        except (EOFError, OSError):
            word = Refused(EXIT_BUG, "the engine ended without a word")
        if isinstance(word, Begun):
            self.log, self.summary = word.log, word.summary
            self._script, self._door = word.script, word.door
            return "begun"
        self.live = False
        self.over = word
        if isinstance(word, Over):
            self.summary = word.summary
            return "over"
        return "refused"

    @property
    def told(self) -> str:
        """Say why the engine refused."""
        return self.over.text if isinstance(self.over, Refused) else ""

    def stop(self) -> None:
        """Ask the engine to stop in good order."""
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.send("stop")

    def rest(self) -> None:
        """Let the engine do what it does after a run, if it is not long; ^c ends that, too."""
        if self._engine is not None:
            with contextlib.suppress(KeyboardInterrupt):
                self._engine.join(_PATIENCE)

    def end(self) -> None:
        """Wait until the engine's process is gone, stopping it; end it when it does not go by itself."""
        if self._engine is None:
            return
        if self._line is not None:
            self._line.close()
        self._engine.join(_PATIENCE)
        if self._engine.is_alive():
            self._engine.kill()
            self._engine.join()


def watch(wanted: Wanted, talk: Talk, *, out: str | None) -> int:
    """Play a run in the live view; give its exit code, or 128 and a signal's number."""
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    keys = own_keys()
    watched = Watched(Order(wanted, out, terminal, talk.verbose))
    watched.start()
    try:
        with loading(printable(wanted.name)):
            view = importlib.import_module(VIEW)
            while not watched.poll(_LOOK) and watched.live:
                pass
        if isinstance(watched.over, Refused):
            return _refused(watched.over)
        code = view.open_live(
            watched, unicode=terminal.unicode, colour=talk.colour, cache=cache_folder(), keys=keys,
            program=PROGRAM,
        )  # fmt: skip
        return _conclude(watched, code)
    finally:
        watched.end()


def look(
    run: StoredRun,
    talk: Talk,
    *,
    out: str | None,
    at: int | None,
    play: bool,
    ascii_only: bool,
    mouse: bool = True,
) -> int:
    """Open a kept run; give 0, or the exit code of a run that was played from it."""
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    view = importlib.import_module(VIEW)
    watched = reopened(run, talk, out, terminal)
    try:
        code = int(
            view.open_run(
                run, session=watched, at=at, play=play, unicode=terminal.unicode and not ascii_only,
                colour=talk.colour, cache=cache_folder(), keys=own_keys(), mouse=mouse,
                program=PROGRAM,
            )
        )  # fmt: skip
        if watched is not None and (watched.live or watched.over is not None):
            return _conclude(watched, code)
        runpages.print_run(run.id, out, talk)
        return code
    finally:
        if watched is not None:
            watched.end()


def reopened(run: StoredRun, talk: Talk, out: str | None, terminal: Terminal) -> Watched | None:
    """Make what plays a kept run again; None when it does not say how it was played."""
    try:
        wanted = wanted_of(str(next(iter(run.summary.get("repeat") or []), "")))
    except ValueError:
        return None
    return Watched(Order(wanted, out, terminal, talk.verbose), run)


def _refused(refused: Refused) -> int:
    say(refused.text)
    if refused.code == EXIT_BUG:
        say("\nThis is a bug of MSA Lab, not a result. Please report it with the lines above.")
    return refused.code


def _conclude(watched: Watched, code: int) -> int:
    """Wait for the end of the run and print its verdict; `code` is how the view ended."""
    with stopping() as signals:
        if watched.live and code:
            watched.stop()
        elif watched.live:
            say("playing on to the end")
        asked = bool(code)
        while watched.live:
            watched.poll(_LOOK)
            if signals and not asked:
                asked = True
                watched.stop()
    if not isinstance(watched.over, Over):
        return _refused(watched.over) if watched.over is not None else code
    emit(watched.over.block)
    if watched.over.trouble:
        say(watched.over.trouble)
    watched.rest()
    return 128 + signals[0] if signals else code or watched.over.code
