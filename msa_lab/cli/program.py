"""Runs a command line and turns what escapes it into the documented exit codes."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn, TextIO

from msa_lab.cli.interrupted import Interrupted
from msa_lab.cli.messages import say, told
from msa_lab.errors import MsaLabError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; give the exit code."""
    for stream in (sys.stdout, sys.stderr):
        _forgiving(stream)
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        return _run(arguments)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(arguments: Sequence[str]) -> int:
    try:
        from msa_lab.cli.app import app  # noqa: PLC0415 - typer takes its time

        app(list(arguments), prog_name="msalab")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    except Interrupted as interrupted:
        say("\ninterrupted; nothing was left running")
        return interrupted.exit_code
    except MsaLabError as trouble:
        say(told(trouble))
        return trouble.exit_code
    except Exception:  # noqa: BLE001 - the last place where anything can be said
        say(traceback.format_exc().rstrip())
        say("\nThis is a bug of MSA Lab, not a result. Please report it with the lines above.")
        return MsaLabError.exit_code
    return 0


def _forgiving(stream: TextIO) -> None:
    """Write what the encoding does not know as an escape rather than fail."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted(number)
