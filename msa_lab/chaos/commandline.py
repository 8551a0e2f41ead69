"""Reads a fault from a line `KIND TARGET name=value ... [at T | after EVENT#n] [for T]`; writes it back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from msa_lab.chaos.catalogue import CATALOGUE
from msa_lab.chaos.envelope import KEYS, parse_fault
from msa_lab.chaos.model import At, FaultSpec
from msa_lab.chaos.naming import Names
from msa_lab.chaos.parameters import parameters, write_number, write_parameter
from msa_lab.sdk.values import Duration
from msa_lab.source import InvalidFile, Mistakes, Path, Place, format_duration, quoted
from msa_lab.source.mistakes import DUPLICATE_KEY, MISSING_KEY, SYNTAX

_WORD: Final = re.compile(r"(?:[^\s()]|\([^()]*\)|[()])+")
_NTH: Final = re.compile(r"(.+)#([0-9]{1,9})")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,9})?")
_TIMES: Final = ("at", "after", "for")
_OUTER: Final = tuple(key for key in KEYS if key not in ("kind", "target", "with", *_TIMES))
KEY: Final = "="
"""Ends the path of a parameter's name, where the path alone is that of its value."""
_FORM: Final = "KIND TARGET name=value ... [at T | after EVENT#n] for T"


@dataclass(frozen=True, slots=True)
class CommandText:
    """A line with the places of what was read from it."""

    text: str
    file: str
    spans: Mapping[Path, tuple[int, int]]

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Give the place of what a path was read from; of its parent or of the line when it is absent."""
        if key and (*path, KEY) in self.spans:
            path = (*path, KEY)
        while path and path not in self.spans:
            path = path[:-1]
        start, length = self.spans.get(path, (0, max(1, len(self.text))))
        return Place(self.file, 1, start + 1, max(1, length))

    def place_in(self, path: Path, offset: int, length: int) -> Place:
        """Give the place of some characters of what a path was read from."""
        whole = self.place(path)
        return Place(self.file, 1, whole.column + offset, length)


def parse_fault_text(text: str, names: Names, *, number: int = 1, file: str = "--fault") -> FaultSpec:
    """Read one fault; its id is its kind unless given, with `-number` from the second on.

    Raises:
        InvalidFile: with all mistakes, placed in the line.
    """
    mistakes = Mistakes()
    mistakes.know(file, text)
    data, spans = _Line(text, file, mistakes).read()
    if isinstance(data.get("kind"), str) and number > 1:
        data.setdefault("id", f"{data['kind']}-{number}")
    spec = parse_fault(data, CommandText(text, file, spans), (), names, mistakes) if data else None
    mistakes.raise_if_any()
    if spec is None:
        mistakes.add(SYNTAX, f"a fault is written {_FORM}", Place(file, 1, 1, max(1, len(text))))
        raise InvalidFile(mistakes.found, mistakes.sources)
    return spec


def plain(text: str) -> str | int | float | bool:
    """Give a number or a truth value written as YAML writes it; anything else is text."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


class _Line:
    def __init__(self, text: str, file: str, mistakes: Mistakes) -> None:
        self.words = [(match.group(), match.start()) for match in _WORD.finditer(text)]
        self.text = text
        self.file = file
        self.mistakes = mistakes
        self.data: dict[str, object] = {}
        self.params: dict[str, object] = {}
        self.spans: dict[Path, tuple[int, int]] = {}

    def read(self) -> tuple[dict[str, object], dict[Path, tuple[int, int]]]:
        if not self.words:
            return {}, {}
        kind, start = self.words[0]
        self.put("kind", kind, start, len(kind))
        self.spans["with",] = self.spans["kind",]
        index = self.target(1)
        while index < len(self.words):
            index = self.part(index)
        if self.params:
            self.data["with"] = self.params
        return self.data, self.spans

    def target(self, index: int) -> int:
        end = index
        while end < len(self.words) and not self.is_part(self.words[end][0]):
            end += 1
        if end > index:
            first = self.words[index][1]
            last, at = self.words[end - 1]
            self.put("target", self.text[first : at + len(last)], first, at + len(last) - first)
        return end

    @staticmethod
    def is_part(word: str) -> bool:
        return word in _TIMES or "=" in word

    def part(self, index: int) -> int:
        word, start = self.words[index]
        if "=" in word:
            name, _, value = word.partition("=")
            where: Path = (name,) if name in _OUTER else ("with", name)
            self.value(where, value, start + len(name) + 1, (start, len(word)))
            return index + 1
        if word not in _TIMES:
            self.wrong(f"{quoted(word)} is out of place; a fault is written {_FORM}", start, len(word))
            return index + 1
        if index + 1 == len(self.words):
            self.mistakes.add(
                MISSING_KEY, f"{word} needs something after it", Place(self.file, 1, start + 1, len(word))
            )
            return index + 1
        value, at = self.words[index + 1]
        if word == "after":
            self.after(value, at)
        else:
            self.put(word, value, at, len(value))
        return index + 2

    def after(self, value: str, at: int) -> None:
        match = _NTH.fullmatch(value)
        event = match[1] if match else value
        self.put("after", {"event": event, **({"nth": int(match[2])} if match else {})}, at, len(value))
        self.spans["after", "event"] = (at, len(event))
        if match:
            self.spans["after", "nth"] = (at + match.start(2), len(match[2]))

    def value(self, where: Path, value: str, at: int, whole: tuple[int, int]) -> None:
        if where[0] == "with":
            if where[1] in self.params:
                self.twice(str(where[1]), whole)
            self.params[str(where[1])] = plain(value)
            self.spans[where] = (at, len(value)) if value else whole
            self.spans[*where, KEY] = (whole[0], len(str(where[1])))
        else:
            self.put(str(where[0]), plain(value), *((at, len(value)) if value else whole))

    def put(self, key: str, value: object, start: int, length: int) -> None:
        if key in self.data:
            self.twice(key, (start, length))
        self.data[key] = value
        self.spans[key,] = (start, length)

    def twice(self, key: str, span: tuple[int, int]) -> None:
        place = Place(self.file, 1, span[0] + 1, max(1, span[1]))
        self.mistakes.add(DUPLICATE_KEY, f"{quoted(key)} is given twice", place)

    def wrong(self, message: str, start: int, length: int) -> None:
        self.mistakes.add(SYNTAX, message, Place(self.file, 1, start + 1, length))


def write_fault(spec: FaultSpec) -> str:
    """Write a fault as the line it can be read from."""
    kind = CATALOGUE[spec.kind]
    words = [spec.kind, str(spec.target)]
    if spec.id != spec.kind:
        words.append(f"id={spec.id}")
    for parameter in parameters(kind.params):
        value = getattr(spec.params, parameter.name)
        if parameter.required or (value != parameter.default and parameter.name != kind.lease):
            words.append(write_parameter(parameter, value))
    if spec.probability < 1:
        words.append(f"probability={write_number(spec.probability)}")
    if spec.count is not None:
        words.append(f"count={spec.count}")
    if spec.direction != "both":
        words.append(f"direction={spec.direction}")
    if isinstance(spec.start, At):
        words.append(f"at {format_duration(Duration(spec.start.instant))}")
    else:
        words.append(f"after {spec.start.event}#{spec.start.nth}")
    if spec.duration:
        words.append(f"for {format_duration(spec.duration)}")
    return " ".join(words)


def fault_data(spec: FaultSpec) -> dict[str, Any]:
    """Give a fault as the mapping that a scenario file has of it."""
    kind = CATALOGUE[spec.kind]
    data: dict[str, Any] = {"id": spec.id, "kind": spec.kind, "target": str(spec.target)}
    if isinstance(spec.start, At):
        data["at"] = format_duration(Duration(spec.start.instant))
    else:
        data["after"] = {"event": spec.start.event, "nth": spec.start.nth}
    if spec.duration:
        data["for"] = format_duration(spec.duration)
    if spec.probability < 1:
        data["probability"] = spec.probability
    if spec.count is not None:
        data["count"] = spec.count
    if spec.direction != "both":
        data["direction"] = spec.direction
    inner = {}
    for parameter in parameters(kind.params):
        value = getattr(spec.params, parameter.name)
        if parameter.required or (value != parameter.default and parameter.name != kind.lease):
            inner[parameter.name] = plain(write_parameter(parameter, value).partition("=")[2])
    return {**data, "with": inner} if inner else data
