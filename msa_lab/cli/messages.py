"""Words on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
from collections.abc import Iterator

from msa_lab.errors import MsaLabError, UserMistake

_WIDTH = 80


def told(trouble: MsaLabError) -> str:
    """Put trouble into words for the terminal."""
    render = getattr(trouble, "render", None)
    if callable(render):
        return str(render())
    lines = [part for line in f"error: {trouble}".splitlines() for part in _broken_up(line)]
    if isinstance(trouble, UserMistake):
        lines.append("  (1 error; nothing was started)")
    return "\n".join(lines)


def _broken_up(line: str) -> list[str]:
    """Break a long list of words over several lines."""
    if len(line) <= _WIDTH or ", " not in line:
        return [line]
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent="      ", break_on_hyphens=False, break_long_words=False
    )


def say(text: str) -> None:
    """Write a line to stderr, if anybody can hear it."""
    put(f"{text}\n")


def put(text: str) -> None:
    """Write to stderr as it is, if anybody can hear it."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


@contextlib.contextmanager
def loading(what: str) -> Iterator[None]:
    """Show on a terminal that something is being loaded, and wipe it away after."""
    shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and "CI" not in os.environ
    if shown:
        put(f"\rMSA Lab  {what}  ...")
    try:
        yield
    finally:
        if shown:
            put("\r\x1b[K")
