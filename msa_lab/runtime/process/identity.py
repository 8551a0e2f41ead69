"""Tells one process from another that got its number later: by when it was started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PS = "/bin/ps"
_PAGES = ("Pss:",)


def started(pid: int) -> str | None:
    """Give when a process was started, in the system's own words; None when there is none (or a dead one)."""
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return None
        return None if words[0] in ("Z", "X") else words[19]
    told = _ps(pid, "lstart=")
    return told or None


def memory(pid: int) -> int | None:
    """Give the memory of a process in bytes: its share of what is shared (PSS) on Linux, else resident."""
    if sys.platform == "linux":
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
                if line.startswith(_PAGES):
                    return int(line.split()[1]) * 1024
        except OSError:
            return None
        return None
    told = _ps(pid, "rss=")
    return int(told) * 1024 if told.isdigit() else None


def _ps(pid: int, field: str) -> str:
    shown = subprocess.run(  # noqa: S603 - the system's own program
        [_PS, "-o", field, "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()
