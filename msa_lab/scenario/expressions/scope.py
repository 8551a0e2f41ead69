"""What names mean: the seam between the language and what is being judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from msa_lab.scenario.expressions.types import Type, Value


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a name stands for: its type and how to read it from a frame.

    `choices` are the only texts it can be ('' apart). `kinds` are the kinds of log events that may change it.
    """

    type: Type
    read: Callable[[Any], Value]
    choices: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Unresolved(Exception):
    """A name means nothing here; `part` tells whether the name itself, its argument or its attribute."""

    def __init__(
        self,
        message: str,
        suggestion: str | None = None,
        hint: str | None = None,
        part: Literal["name", "argument", "attribute"] = "name",
    ) -> None:
        super().__init__(message)
        self.part = part
        self.message = message
        self.suggestion = suggestion
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument as written: a name or a constant."""

    value: Value
    is_name: bool


class Scope(Protocol):
    """Gives names their meaning. All three raise `Unresolved` for what they do not know."""

    def name(self, path: str) -> Symbol:
        """Give what a dotted name stands for."""
        ...

    def call(self, path: str, arguments: tuple[Argument, ...]) -> Symbol:
        """Give what a name with arguments stands for, such as `count(order.placed)`."""
        ...

    def each(self, entity: str, attribute: str) -> Symbol:
        """Give the list of an attribute over all entities of a kind: `each(fault).touched`."""
        ...
