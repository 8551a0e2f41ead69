"""Where something stands in a file."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The way from a document's root to a value: keys and list indexes."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of one line; `line` and `column` count from 1, `length` is in characters."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
