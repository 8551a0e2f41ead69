"""The window that the screens lie in, and what the interpreter does while it is open."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from textual.reactive import Reactive, var
from textual.screen import Screen
from textual.widget import Widget


class Window(Screen[None]):
    """A screen that is not painted whole when the focus goes on: the two panels are, by themselves."""

    focused: Reactive[Widget | None] = var(None)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Leave what is there now out of the search for cyclic garbage, and search seldom.

    A log being read makes hundreds of thousands of objects and hardly a cycle. Looking through all of them
    takes as long as painting a picture twice, and a key would wait for it.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
