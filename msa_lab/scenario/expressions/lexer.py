"""Cuts an expression into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from msa_lab.errors import UserMistake

TokenKind = Literal["name", "number", "duration", "money", "text", "sign", "end"]

MAX_LENGTH: Final = 1_000
UNITS: Final = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_PATTERN: Final = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<number>[0-9]{1,15}(?:\.[0-9]{1,9})?)
    (?:(?P<currency>[ ]?[A-Z]{3}\b)|(?P<unit>%|[A-Za-z_][A-Za-z_0-9]*))?
  | (?P<name>[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*)
  | (?P<text>"[^"\\\n]*"|'[^'\\\n]*')
  | (?P<sign>==|!=|<=|>=|[<>+\-*/(),.\[\]])
    """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in an expression; `offset` and `length` count characters of its text."""

    message: str
    offset: int
    length: int
    suggestion: str | None = None
    hint: str | None = None


class InvalidExpression(UserMistake):
    """An expression cannot be understood."""

    def __init__(self, text: str, problems: tuple[Problem, ...]) -> None:
        self.text = text
        self.problems = problems
        first = problems[0]
        meant = f" (did you mean '{first.suggestion}'?)" if first.suggestion else ""
        super().__init__(f"{first.message}{meant}, at character {first.offset + 1} of: {text[:200]}")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the language with its value: a path, a number, a text, a sign."""

    kind: TokenKind
    text: str
    value: int | float | str
    offset: int

    @property
    def length(self) -> int:
        """How many characters it takes in the source."""
        return len(self.text)


def tokens(text: str) -> tuple[Token, ...]:
    """Cut a text into tokens; the last one is the end.

    Raises:
        InvalidExpression: at the first character that begins no token.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidExpression(
            text, (Problem(f"an expression has at most {MAX_LENGTH} characters", MAX_LENGTH, 1),)
        )
    found = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise InvalidExpression(text, (_unknown(text, position),))
        if match["space"] is None:
            found.append(_token(text, match))
        position = match.end()
    found.append(Token("end", "", "", len(text)))
    return tuple(found)


def _token(text: str, match: re.Match[str]) -> Token:
    offset = match.start()
    if match["number"] is not None:
        return _quantity(text, match)
    if match["name"] is not None:
        return Token("name", match[0], match[0], offset)
    if match["text"] is not None:
        return Token("text", match[0], match[0][1:-1], offset)
    return Token("sign", match[0], match[0], offset)


def _quantity(text: str, match: re.Match[str]) -> Token:
    digits, offset = match["number"], match.start()
    number = float(digits) if "." in digits else int(digits)
    if match["currency"] is not None:
        if len(digits.partition(".")[2]) > 2:  # noqa: PLR2004 - cents
            problem = Problem("an amount of money has at most two decimals", offset, len(match[0]))
            raise InvalidExpression(text, (problem,))
        return Token("money", match[0], round(number * 100), offset)
    unit = match["unit"]
    if unit is None:
        return Token("number", match[0], number, offset)
    if unit == "%":
        return Token("number", match[0], number / 100, offset)
    if unit not in UNITS:
        problem = Problem(
            f"'{unit}' is no unit", offset + len(digits), len(unit), hint=f"units: {', '.join(UNITS)}, EUR"
        )
        raise InvalidExpression(text, (problem,))
    return Token("duration", match[0], round(number * UNITS[unit]), offset)


def _unknown(text: str, position: int) -> Problem:
    character = text[position]
    if character in "\"'":
        return Problem("this text is never closed", position, len(text) - position)
    meant = {"=": "==", "!": "not", "&": "and", "|": "or", "≥": ">=", "≤": "<=", "≠": "!="}.get(character)
    return Problem(f"'{character}' does not belong here", position, 1, suggestion=meant)
