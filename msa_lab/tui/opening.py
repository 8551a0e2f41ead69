"""Opens the live view on a stored run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from msa_lab.persistence import EVENTS, StoredRun
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed

_CRASHED: Final = 1
_OUR_BUG: Final = 70


def open_run(run: StoredRun, *, at: int | None, play: bool, unicode: bool, colour: bool, cache: Path) -> int:
    """Show a run until the viewer quits; give the exit code: 0, 70 for a crash, 128 and a signal's number.

    `at` is an instant in microseconds (None: the end), `play` whether time passes from then on.

    Raises:
        EnvironmentTrouble: when the log cannot be read.
    """
    feed = Feed(run.path / EVENTS)
    try:
        app = LabApp(feed, run.summary, at=at, play=play, unicode=unicode, colour=colour, cache=cache)
        app.run()
    finally:
        feed.log.close()
    if app.trouble is not None:
        raise app.trouble
    code = app.return_code or 0
    return _OUR_BUG if code == _CRASHED else code
