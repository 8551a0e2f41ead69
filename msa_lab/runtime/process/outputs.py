"""What the processes of a running shop print: a file each, cut back when it is large."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

LARGEST = 8 * 1024 * 1024
"""A file of more bytes is moved aside, where it takes the place of the one before."""


def trim(logs: Path, largest: int = LARGEST) -> None:
    """Keep the files small. Who writes appends, so a file can be emptied under the writer's hands.

    Lines that are written between the copy and the emptying are lost.
    """
    for out in logs.glob("*.out"):
        with contextlib.suppress(OSError):
            if out.stat().st_size > largest:
                shutil.copyfile(out, out.with_suffix(".out.1"))
                os.truncate(out, 0)
