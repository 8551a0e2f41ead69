"""Where things lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from msa_lab.errors import EnvironmentTrouble


def runs_folder(out: str | None = None) -> Path:
    """Give the folder of runs: the option, `$MSALAB_RUNS`, or `./runs`."""
    return Path(out or os.environ.get("MSALAB_RUNS") or "runs")


def here() -> Path:
    """Give the current directory.

    Raises:
        EnvironmentTrouble: when it was deleted.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise EnvironmentTrouble(f"the current directory: {error.strerror or error}") from error


def shops_folder() -> Path:
    """Give the folder of running shops, with their data."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "msalab" / "shops"


def cache_folder() -> Path:
    """Give the folder for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "msalab"
