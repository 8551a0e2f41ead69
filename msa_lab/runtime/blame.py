"""Where the code of a service failed: told from process to process, until somebody can name its author."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Place(NamedTuple):
    """A line that was under way."""

    module: str
    file: str
    line: int
    function: str


def places_of(error: BaseException) -> list[Place]:
    """Give the lines that an exception came through, the innermost first."""
    if isinstance(error, HandlerFailed):
        return list(error.places)
    return [
        Place(str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in reversed(list(traceback.walk_tb(error.__traceback__)))
    ]


def kind_of(error: BaseException) -> str:
    """Name the class of what failed."""
    return error.kind if isinstance(error, HandlerFailed) else type(error).__name__


def words_of(error: BaseException) -> str:
    """Say what failed."""
    if isinstance(error, HandlerFailed):
        return error.words
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - somebody's class, who may have written that wrong as well
        said = "(it cannot say what)"
    return f"{type(error).__name__}: {said}"


def by_service(error: BaseException) -> bool:
    """Tell whether code of a service raised it itself, rather than something that it awaited."""
    return any(place.module.startswith("services.") for place in places_of(error)[:1])


class HandlerFailed(Exception):
    """A service's code failed in a process; its text is the trace that the process printed."""

    def __init__(
        self, instance: str, kind: str, words: str, places: Sequence[Sequence[Any]], trace: str
    ) -> None:
        super().__init__(f"in {instance}\n\n{trace}")
        self.instance = instance
        self.kind = kind
        self.words = words
        self.places = [Place(*place) for place in places]


def misfit(
    instance: str, handler: Callable[..., object], reply: object, declared: type[Any]
) -> HandlerFailed:
    """Make the failure of a handler whose reply is not of its operation's type."""
    words = f"gives {_a(type(reply))}, and should give {_a(declared)}"
    code = getattr(handler, "__code__", None)
    places = [] if code is None else [
        Place(handler.__module__, code.co_filename, code.co_firstlineno, code.co_name)
    ]  # fmt: skip
    return HandlerFailed(instance, "WrongReply", words, places, f"{handler!r} {words}")


def _a(kind: type[Any]) -> str:
    return "None" if kind is type(None) else kind.__name__


def told(instance: str, error: BaseException) -> list[Any]:
    """Put a failure into what can be sent: the arguments of `HandlerFailed`."""
    trace = "".join(traceback.format_exception(error))
    places = [list(place) for place in places_of(error)]
    return [instance, kind_of(error), _sendable(words_of(error)), places, _sendable(trace)]


def _sendable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
