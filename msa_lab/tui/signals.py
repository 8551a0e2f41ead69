"""Signals end the view as the key `q` does, so that the terminal is given back."""

from __future__ import annotations

import asyncio
import contextlib
import signal

from textual.app import App

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


def end_on_signals(app: App[None]) -> None:
    """Let the app end with 128 and the signal's number; where the loop takes no signals, do nothing."""
    loop = asyncio.get_running_loop()
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is not None:
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, app.exit, None, 128 + int(number))
