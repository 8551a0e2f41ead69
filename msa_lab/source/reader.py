"""Reads YAML strictly: one document of mappings, lists and scalars, each with its place.

Anchors, aliases, tags, merge keys, duplicate keys and scalars that YAML 1.1 and 1.2 read differently are
refused. Time and memory are bounded by the limits below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from msa_lab.source import mistakes as codes
from msa_lab.source.document import Document, Spot
from msa_lab.source.invalid import Mistakes
from msa_lab.source.places import Path, Place
from msa_lab.source.scalars import Trap, plain, trap
from msa_lab.source.suggesting import quoted

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 50_000

# What YAML forbids, and line breaks that only YAML 1.1 knows: editors would count lines otherwise.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|\r(?!\n)"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN = 20


class _Stop(Exception):
    """Reading on makes no sense."""


def read_yaml(text: str, file: str) -> Document:
    """Read a file's text; `file` is its name in messages.

    Raises:
        InvalidFile: with every mistake found; reading ends at the first error of syntax.
    """
    text = text.removeprefix("\ufeff")
    found = Mistakes()
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        found.add(codes.TOO_LARGE, "the file is larger than 1 MiB", Place(file, 1, 1))
        found.raise_if_any()
    found.know(file, text)
    _check_characters(text, file, found)
    found.raise_if_any()
    composer = _Composer(text, file, found)
    try:
        data = composer.document()
    except _Stop:
        data = None
    found.raise_if_any()
    return Document(data, text, file, composer.spots)


def _check_characters(text: str, file: str, found: Mistakes) -> None:
    for number, match in enumerate(_FORBIDDEN.finditer(text)):
        if number == _SHOWN:
            break
        start = text.rfind("\n", 0, match.start()) + 1
        place = Place(file, text.count("\n", 0, match.start()) + 1, match.start() - start + 1)
        found.add(codes.CHARACTER, f"character U+{ord(match.group()[0]):04X} is not allowed here", place)


class _Composer:
    """Builds the values from parser events."""

    def __init__(self, text: str, file: str, found: Mistakes) -> None:
        self.text = text
        self.file = file
        self.found = found
        self.spots: dict[Path, Spot] = {}
        self.values = 0
        # libyaml when it is there: 20 times faster. Both parsers are lazy and do not recurse.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=loader))

    def document(self) -> object:
        self.next()
        event = self.next()
        if isinstance(event, yaml.StreamEndEvent):
            self.found.add(codes.SYNTAX, "the file is empty", Place(self.file, 1, 1))
            raise _Stop
        data = self.node((), self.next(), None)
        self.next()
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            self.stop(codes.DOCUMENTS, "a second document begins; a file holds one", self.place(event))
        return data

    def next(self) -> Any:  # noqa: ANN401 - PyYAML's events have no common typed base
        try:
            return next(self.events)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line, mark.column) if mark else (0, 0)
            lines = self.text.rstrip().split("\n")
            if line >= len(lines):  # the file ended too early: point behind its last word
                line, column = len(lines) - 1, len(lines[-1])
            self.stop(
                codes.SYNTAX,
                _problem(error, lines[line][: column + 1]),
                Place(self.file, line + 1, column + 1),
            )
        except (
            yaml.YAMLError,
            ValueError,
            OverflowError,
        ) as error:  # the last two: an escape too high for chr
            self.stop(codes.SYNTAX, f"not YAML: {error}".partition("\n")[0], Place(self.file, 1, 1))

    def stop(self, code: str, message: str, place: Place) -> None:
        self.found.add(code, message, place)
        raise _Stop

    def place(self, event: Any) -> Place:  # noqa: ANN401 - as above
        start, end = event.start_mark, event.end_mark
        if end.line == start.line:
            length = end.column - start.column
        else:
            length = len(self.text[start.index :].partition("\n")[0].rstrip())
        return Place(self.file, start.line + 1, start.column + 1, max(1, length))

    def node(self, path: Path, event: Any, key: Place | None) -> object:  # noqa: ANN401 - as above
        self.values += 1
        place = self.place(event)
        if self.values > MAX_VALUES:
            self.stop(codes.TOO_LARGE, f"the file has more than {MAX_VALUES:,} values", place)
        if len(path) > MAX_DEPTH:
            self.stop(codes.TOO_DEEP, f"nested deeper than {MAX_DEPTH} levels", place)
        self.refuse_references(event, place)
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.ScalarEvent):
            self.spots[path] = Spot(key, place, start, end, scalar=True)
            return self.scalar(event, place)
        if isinstance(event, yaml.AliasEvent):
            return None
        shown = place if event.flow_style or key is None else key
        self.spots[path] = Spot(key, shown, start, start, scalar=False)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.mapping(path)

    def refuse_references(self, event: Any, place: Place) -> None:  # noqa: ANN401 - as above
        if event.anchor is not None:
            kind = "aliases such as *" if isinstance(event, yaml.AliasEvent) else "anchors such as &"
            message = f"{kind}{event.anchor[:40]} are not read"
            self.found.add(codes.REFERENCE, message, place, hint="write the value out where it is used")
        if getattr(event, "tag", None) is not None:
            message = f"tags such as {quoted(event.tag)} are not read"
            self.found.add(codes.REFERENCE, message, place, hint="leave the tag out")

    def scalar(self, event: Any, place: Place) -> object:  # noqa: ANN401 - as above
        self.refuse_surrogates(event.value, place)
        if event.style:  # quoted or a block: text
            return event.value
        value = plain(event.value)
        if isinstance(value, Trap):
            self.found.add(codes.AMBIGUOUS, value.message, place, hint=value.hint)
            return event.value
        return value

    def refuse_surrogates(self, text: str, place: Place) -> None:
        if not text.isascii() and _SURROGATE.search(
            text
        ):  # written as an escape, which only some parsers refuse
            self.found.add(codes.CHARACTER, "half a surrogate pair is no character", place)

    def sequence(self, path: Path) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            items.append(self.node((*path, len(items)), event, None))
        return items

    def mapping(self, path: Path) -> dict[str, object]:
        entries: dict[str, object] = {}
        first: dict[str, Place] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            place = self.place(event)
            key = self.key(event, place)
            if key in first:
                message = f"key {quoted(key)} stands twice, first in line {first[key].line}"
                self.found.add(codes.DUPLICATE_KEY, message, place)
            first.setdefault(key, place)
            # A second value is read for its own mistakes; the first one counts.
            value = self.node((*path, key), self.next(), place)
            entries.setdefault(key, value)
        return entries

    def key(self, event: Any, place: Place) -> str:  # noqa: ANN401 - as above
        self.refuse_references(event, place)
        if isinstance(event, yaml.AliasEvent):
            return f"*{event.anchor}"
        if not isinstance(event, yaml.ScalarEvent):
            self.stop(codes.SYNTAX, "a key must be a word, not a list or mapping", place)
        key: str = event.value
        self.refuse_surrogates(key, place)
        if not event.style:
            if key in ("", "~", "null"):
                self.found.add(codes.SYNTAX, "a key is missing", place)
            elif key == "<<":
                hint = "write the keys out where they are used"
                self.found.add(codes.REFERENCE, "merge keys (<<) are not read", place, hint=hint)
            elif key in ("true", "false") or (key.isalpha() and trap(key)):
                message = f"key {quoted(key)} is not text to every reader"
                self.found.add(codes.AMBIGUOUS, message, place, hint=f'write "{key}"')
        return key


def _problem(error: yaml.MarkedYAMLError, line: str) -> str:
    if "\t" in line:
        return "a tab stands where YAML wants spaces"
    return ", ".join(part for part in (error.problem, error.context) if part) or "not YAML"
