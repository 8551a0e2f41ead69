"""Copying: by the desktop's own clipboard where there is one, else by the terminal, with a file beside."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

_WAIT = 2.0


def native() -> tuple[str, ...] | None:
    """Give the command that fills the desktop's clipboard, if this process can reach one."""
    if os.environ.get("SSH_TTY"):
        return None
    commands: list[tuple[str, ...]] = [("pbcopy",)]
    if os.environ.get("WAYLAND_DISPLAY"):
        commands.append(("wl-copy",))
    if os.environ.get("DISPLAY"):
        commands += [("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input")]
    return next((command for command in commands if shutil.which(command[0])), None)


def copy(text: str, osc52: Callable[[str], object], folder: Path) -> str:
    """Copy a text; say by which way, and where the file is that holds it, too.

    `osc52` asks the terminal, which may refuse without a word; that is what the file is for.
    """
    kept = _kept(text, folder)
    command = native()
    if command is not None and _filled(command, text):
        return f"copied {len(text)} characters by {command[0]}"
    osc52(text)
    also = f"; if the terminal refuses: {kept}" if kept is not None else ""
    return f"copied {len(text)} characters by the terminal (OSC 52){also}"


def _filled(command: tuple[str, ...], text: str) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - one of the names above
            command, input=text.encode(), check=False, timeout=_WAIT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _kept(text: str, folder: Path) -> Path | None:
    path = folder / "copied.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return path
