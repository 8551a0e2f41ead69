"""A terminal that may be gone before the view is: a window that is closed, a line that is cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver


class Outgoing:
    """A stream that drops what the terminal no longer takes, and says so once.

    Textual writes in a thread that would die of the first error. Whoever writes next would wait for it for
    ever, the shutdown too, and no signal would be heard any more.
    """

    def __init__(self, stream: TextIO, on_gone: Callable[[], object]) -> None:
        self._stream = stream
        self._on_gone = on_gone
        self._gone = False

    def write(self, text: str) -> None:
        """Write, if the terminal is there."""
        self._try(lambda: self._stream.write(text))

    def flush(self) -> None:
        """Write what is left, if the terminal is there."""
        self._try(self._stream.flush)

    def fileno(self) -> int:
        """Give the descriptor of the stream."""
        return self._stream.fileno()

    def _try(self, act: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            act()
        except OSError:
            self._gone = True
            self._on_gone()


class VanishingDriver(LinuxDriver):
    """Drives a terminal that may vanish, and ends the view then."""

    def __init__(self, app: App[object], **options: Any) -> None:  # noqa: ANN401 - those of Textual's own
        super().__init__(app, **options)
        if self._file is not None:
            outgoing = Outgoing(self._file, lambda: self._loop.call_soon_threadsafe(app.exit))
            self._file = cast("Any", outgoing)  # all of a stream that Textual uses
