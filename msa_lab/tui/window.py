"""The window that the screens lie in, and whose turn it is to draw in it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from textual.reactive import Reactive, var
from textual.screen import Screen
from textual.widget import Widget

_ANSWERED: Final = 0.1
_LATEST: Final = 0.5
_MUCH: Final = 5_000
"""From how many new objects on it is worth looking for cyclic garbage among them."""

_OFTEN: Final = 10
"""After how many such looks what outlived them is looked through as well, once the viewer rests."""

_RESTED: Final = 5.0
_BURST: Final = 200_000
"""At how many new objects Python looks by itself, whoever waits."""


class Window(Screen[None]):
    """A screen that is not painted whole when the focus goes on: the two panels are, by themselves."""

    focused: Reactive[Widget | None] = var(None)


class Turns:
    """Whether a frame may be drawn: a key that was just pressed comes first, and draws by itself.

    A key that is held down stops no frames: after half a second one is drawn in any case. Instants are
    seconds of any clock that only goes forward.
    """

    def __init__(self) -> None:
        self._key = self._frame = float("-inf")

    def key(self, now: float) -> None:
        """Note that a key was pressed."""
        self._key = now

    def frame(self, now: float) -> bool:
        """Tell whether a frame is to be drawn now, and count it as drawn."""
        if now - self._key < _ANSWERED and now - self._frame < _LATEST:
            return False
        self._frame = now
        return True

    def rests(self, now: float) -> bool:
        """Tell whether no key was pressed for so long that none is expected."""
        return now - self._key >= _RESTED


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Leave what is there now out of the search for cyclic garbage, and leave the search to `collect`.

    A log being read makes hundreds of thousands of objects and hardly a cycle. Looking through all of them
    takes as long as painting a picture twice, and a key would wait for it.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_BURST, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def collect(*, whole: bool) -> None:
    """Look for cyclic garbage among what is new, between two keys.

    What stays is looked at once more when there is time for the `whole`, and then never again. Closed
    dialogs are found only then: they have outlived a look while they were open.
    """
    if whole and gc.get_count()[2] >= _OFTEN:
        gc.collect()
        gc.freeze()
    elif gc.get_count()[0] >= _MUCH:
        gc.collect(1)
