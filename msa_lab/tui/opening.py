"""Opens the live view on a run: a stored one, or one that is being played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msa_lab.persistence import EVENTS, StoredRun
from msa_lab.telemetry.moment import Beginning
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed import index
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.session import Session

_CRASHED: Final = 1
_OUR_BUG: Final = 70
_PACE: Final = 4.0


def open_run(
    run: StoredRun,
    *,
    session: Session | None,
    at: int | None,
    play: bool,
    unicode: bool,
    colour: bool,
    cache: Path,
    private: bool = False,
    keys: Mapping[str, str] | None = None,
    mouse: bool = True,
    program: Sequence[str] = (),
    browser: bool = False,
) -> int:
    """Show a run until the viewer quits; give the exit code: 0, 70 for a crash, 128 and a signal's number.

    `at` is an instant in microseconds (None: the end), `play` whether time passes from then on; `private`
    keeps the viewer from this machine's files and clipboard, `browser` from its programs. `program` calls the
    command line, here and below.

    Raises:
        EnvironmentTrouble: when the log cannot be read.
    """
    feed = index.opened(run.path / EVENTS)
    app = LabApp(
        feed, run.summary, session=session, at=at, play=play, unicode=unicode, colour=colour, cache=cache,
        private=private, keys=keys, program=program, browser=browser,
    )  # fmt: skip
    return _shown(app, mouse=mouse, kept=None if private else feed)


def open_live(
    session: Session,
    *,
    unicode: bool,
    colour: bool,
    cache: Path,
    keys: Mapping[str, str],
    program: Sequence[str] = (),
) -> int:
    """Show a run while it is played elsewhere; give the exit code as `open_run` does.

    A simulated run is there in a moment: it is played back from its start, so that it can be watched. Real
    processes are watched as they go.

    Raises:
        EnvironmentTrouble: when the log cannot be read.
    """
    paced = session.summary.get("mode") == "sim"
    app = LabApp(
        Feed(session.log), session.summary, session=session, at=0 if paced else None, play=paced, speed=_PACE,
        unicode=unicode, colour=colour, cache=cache, keys=keys, program=program,
    )  # fmt: skip
    return _shown(app)


def open_shop(
    session: Session,
    beginning: Beginning,
    *,
    unicode: bool,
    colour: bool,
    cache: Path,
    keys: Mapping[str, str],
    mouse: bool = True,
    program: Sequence[str] = (),
) -> int:
    """Follow a shop that was running before and stays; give the exit code as `open_run` does.

    Raises:
        EnvironmentTrouble: when the log cannot be read.
    """
    app = LabApp(
        Feed(session.log, beginning), session.summary, session=session, unicode=unicode, colour=colour,
        cache=cache, keys=keys, program=program,
    )  # fmt: skip
    return _shown(app, mouse=mouse)


def _shown(app: LabApp, *, mouse: bool = True, kept: Feed | None = None) -> int:
    """Show it; what was read of a kept run is written down, once the window is closed."""
    try:
        app.run(mouse=mouse)
    finally:
        if app.feed is kept:
            index.keep(kept)
        app.feed.log.close()
    if app.trouble is not None:
        raise app.trouble
    code = app.return_code or 0
    return _OUR_BUG if code == _CRASHED else code
