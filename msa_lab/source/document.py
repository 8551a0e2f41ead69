"""A file read, with the place of every key and value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msa_lab.source.places import Path, Place


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one value stands: the place of its key (if any), its own, and its raw text in the file."""

    key: Place | None
    value: Place
    start: int
    end: int
    scalar: bool


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says (dicts with text keys, lists, str, int, float, bool, None) and where."""

    data: Any
    text: str
    file: str
    spots: Mapping[Path, Spot] = field(repr=False, default_factory=dict)

    def at(self, path: Path) -> Any:  # noqa: ANN401 - any YAML value
        """Give the value at a path.

        Raises:
            LookupError: when there is none.
        """
        value = self.data
        for part in path:
            value = value[part]
        return value

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Give the place of the value at a path, or of its key; of the nearest parent when it is not there.

        A block mapping or list is shown by the key that holds it.
        """
        while path and path not in self.spots:
            path, key = path[:-1], True
        spot = self.spots.get(path)
        if spot is None:
            return Place(self.file, 1, 1)
        return spot.key if key and spot.key is not None else spot.value

    def place_in(self, path: Path, offset: int, length: int) -> Place:
        """Give the place of `length` characters from `offset` on within the text at a path.

        Quotes, escapes and folded lines are followed; where that fails, the place of the whole text is given.
        """
        whole = self.place(path)
        spot = self.spots.get(path)
        if spot is None or not spot.scalar or not isinstance(value := self.at(path), str):
            return whole
        index = _follow(self.text, spot.start, spot.end, value, offset)
        if index is None:
            return whole
        line_start = self.text.rfind("\n", 0, index) + 1
        line = self.text.count("\n", 0, index) + 1
        rest = self.text[index : spot.end].partition("\n")[0].rstrip("\r")
        return Place(self.file, line, index - line_start + 1, max(1, min(length, len(rest))))


def _follow(text: str, start: int, end: int, value: str, offset: int) -> int | None:
    """Give the index in `text` of the character `offset` of the scalar that stands in `text[start:end]`."""
    quote = text[start] if start < end and text[start] in "'\"" else ""
    block = start < end and text[start] in "|>"
    index = _skip_space(text, text.find("\n", start), end) if block else start + len(quote)
    for wanted in value[:offset]:
        if index >= end:
            return None
        found = text[index]
        if wanted.isspace():
            if found.isspace():
                run = _skip_space(text, index, end)
                index = run if "\n" in text[index:run] else index + 1
        elif text[index : index + 2] in _escapes(quote, wanted):
            index += 2
        elif found == wanted:
            index += 1
        else:
            return None
    if offset < len(value) and not value[offset].isspace():
        index = _skip_space(text, index, end)
    return index if index < end or offset == len(value) else None


def _escapes(quote: str, wanted: str) -> tuple[str, ...]:
    """Give the two-character spellings of a character inside quotes."""
    if quote == "'":
        return ("''",) if wanted == "'" else ()
    return (f"\\{wanted}",) if quote == '"' else ()


def _skip_space(text: str, index: int, end: int) -> int:
    while index < end and text[index].isspace():
        index += 1
    return index
