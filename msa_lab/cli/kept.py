"""Finds the kept runs; needs nothing of how runs are played."""

from __future__ import annotations

from msa_lab.cli.messages import say
from msa_lab.cli.places import runs_folder
from msa_lab.errors import EnvironmentTrouble
from msa_lab.persistence import RunStore, StoredRun


def stored(run: str | None, out: str | None = None) -> StoredRun:
    """Open a run by its id, the beginning of it, or the latest.

    Raises:
        UserMistake: when there is none.
        EnvironmentTrouble: when it is damaged.
    """
    return RunStore(runs_folder(out)).resolve(run)


def readable(store: RunStore) -> list[StoredRun]:
    """Give all runs that can be read, the newest first; say which cannot."""
    found: list[StoredRun] = []
    for name in store.ids():
        try:
            found.append(store.load(name))
        except EnvironmentTrouble as trouble:
            say(f"note: left out: {trouble}")
    halves = store.halves()
    if halves:
        say(f"note: begun and not finished (or still under way): {', '.join(halves)}")
    return found
