"""What `msalab serve` does, and what its windows show."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from msa_lab.cli.kept import stored
from msa_lab.cli.options import Talk
from msa_lab.cli.places import cache_folder, runs_folder
from msa_lab.cli.terminal import WINDOW, emit, terminal_of
from msa_lab.cli.watching import PROGRAM, VIEW, reopened
from msa_lab.errors import EnvironmentTrouble
from msa_lab.persistence import StoredRun

_SERVER = "msa_lab.tui.serving"
_WRITES, _READS = "write", "read"


def serve(name: str | None, talk: Talk, *, host: str, port: int, write: bool, out: str | None) -> None:
    """Serve the live view of a run until a signal comes."""
    run = stored(name, out)
    try:
        server = importlib.import_module(_SERVER)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("msa_lab"):
            raise
        raise EnvironmentTrouble(
            "serving needs textual-serve, which is not installed\n"
            f"  install it:  pip install 'msa-lab[serve]'\n  without it:  msalab tui {run.id}"
        ) from missing
    os.environ[WINDOW] = _WRITES if write else _READS
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    folder = str(Path(runs_folder(out)).resolve())
    command = [*PROGRAM, "tui", run.id, "--out", folder]

    def tell(address: str) -> None:
        can = "it can play runs" if write else "read-only"
        emit(f"{address}\n" if talk.quiet else f"run {run.id}, {can}; Ctrl-C ends it\n  {address}\n")

    server.serve(command, host=host, port=port, title=f"MSA Lab {run.id}", tell=tell)


def window(run: StoredRun, talk: Talk, out: str | None) -> int:
    """Show a run in a window of a browser; nothing is printed, for the browser reads along."""
    view = importlib.import_module(VIEW)
    watched = None
    if os.environ[WINDOW] == _WRITES:
        watched = reopened(run, talk, out, terminal_of(sys.stdout))
    try:
        return int(
            view.open_run(
                run, session=watched, at=None, play=False, unicode=True, colour=True, cache=cache_folder(),
                private=watched is None, program=PROGRAM, browser=True,
            )
        )  # fmt: skip
    finally:
        if watched is not None:
            watched.end()
