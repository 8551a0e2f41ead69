"""A scenario from standard input, kept as a file: the run can be repeated and its mistakes be looked up."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from msa_lab.cli.messages import say
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.source.reader import MAX_BYTES

_DIGITS = 8


def kept_input(folder: Path) -> str:
    """Write standard input to a file of `folder`, named by what it holds; give its path.

    Raises:
        UserMistake: when nothing came.
        EnvironmentTrouble: when it cannot be written.
    """
    if sys.stdin.isatty():
        say("reading a scenario from the terminal; end it with Ctrl-D")
    text = sys.stdin.buffer.read(MAX_BYTES + 1)  # one more than a scenario may have: the reader refuses it
    if not text.strip():
        raise UserMistake("scenario -: nothing came on standard input")
    path = folder / f"stdin-{hashlib.sha256(text).hexdigest()[:_DIGITS]}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    except OSError as error:
        raise EnvironmentTrouble(f"{path}: {error.strerror or error}") from error
    return str(path)
