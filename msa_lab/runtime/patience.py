"""Notices code of a service that never gives back control, and interrupts it where it stands.

A thread looks on from beside: what is watched pays nothing for it, and nothing of it gets into the log.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType
from typing import Final, Self

from msa_lab.errors import UserMistake
from msa_lab.runtime.blame import HandlerFailed, Place, kind_of, words_of
from msa_lab.source import quoted

VARIABLE: Final = "MSALAB_PATIENCE"
"""The environment variable that says for how many seconds code of a service may keep control; 0: for ever."""

DEFAULT: Final = 10.0
LOOKS: Final = 10
"""How often it must be found at the same place. Looks are counted, not time: who is stopped looks no more."""

SHORTEST: Final = 0.1

_DEBUGGERS = ("bdb", "pdb", "pydevd")


class Endless(BaseException):
    """Raised in code that does not return; no `Exception` that a service would catch."""

    def __str__(self) -> str:
        """Say what is wrong."""
        return "it does not return; only at the await of a port does anything else get its turn"


def patience_of(environment: Mapping[str, str]) -> float:
    """Give the seconds that the environment asks for; infinity when it wants nobody to look.

    Raises:
        UserMistake: when it holds no such number.
    """
    told = environment.get(VARIABLE, "").strip()
    if not told:
        return DEFAULT
    try:
        seconds = float(told)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf or 0 < seconds < SHORTEST:
        raise UserMistake(f"{VARIABLE}: {quoted(told)} is no number of seconds such as 10; 0 waits for ever")
    return seconds or math.inf


class Patience:
    """Looks on while it is open, at the thread that has opened it.

    `progress` gives something that changes as long as all goes on, None while there is nothing to watch.
    """

    def __init__(self, seconds: float, progress: Callable[[], object]) -> None:
        self.places: list[Place] = []
        self._every = seconds / LOOKS
        self._progress = progress
        self._watched = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="patience", daemon=True)

    def __enter__(self) -> Self:
        if self._every < math.inf:
            with contextlib.suppress(RuntimeError):  # who may have no thread more goes on unwatched
                self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def failure(self, error: Endless) -> HandlerFailed:
        """Give what was interrupted as the failure of the service that it belongs to."""
        service = next(place.module.split(".")[1] for place in self.places if _of_service(place.module))
        trace = "\n".join(f"  {place.file}:{place.line}, in {place.function}" for place in self.places)
        return HandlerFailed(service, kind_of(error), words_of(error), self.places, trace)

    def _look(self) -> None:
        before, same = None, 0
        while not self._over.wait(self._every):
            now = self._progress()
            same = same + 1 if now is not None and now == before else 0
            before = now
            if same >= LOOKS:
                self._interrupt()

    def _interrupt(self) -> None:
        """Interrupt the thread if code of a service is under way there; our own may take its time."""
        places = _under_way(sys._current_frames().get(self._watched))  # noqa: SLF001 - documented
        modules = [place.module for place in places]
        if any(module.partition(".")[0] in _DEBUGGERS for module in modules):
            return
        if any(map(_of_service, modules)):
            self.places = places
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._watched), ctypes.py_object(Endless)
            )


def _under_way(frame: FrameType | None) -> list[Place]:
    """Give the lines that are under way, the innermost first."""
    found = []
    while frame is not None:
        code, module = frame.f_code, str(frame.f_globals.get("__name__", ""))
        found.append(Place(module, code.co_filename, frame.f_lineno, code.co_name))
        frame = frame.f_back
    return found


def _of_service(module: str) -> bool:
    return module.startswith("services.")
