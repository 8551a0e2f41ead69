"""Mistakes as plain text: message and code, place, the lines around it, a caret, the way out."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence

from msa_lab.source.mistakes import Mistake
from msa_lab.source.places import Place

WIDTH = 80
SHOWN = 50
LINE = 72  # what is left of the width beside line numbers
BEFORE, AFTER = 2, 1


def render(mistakes: Sequence[Mistake], sources: Mapping[str, str]) -> str:
    """Give the text for all mistakes, at most 50 in full, and the line that counts them."""
    lines_of = {file: text.split("\n") for file, text in sources.items()}
    parts = [_one(mistake, lines_of.get(mistake.place.file, [])) for mistake in mistakes[:SHOWN]]
    if len(mistakes) > SHOWN:
        parts.append(f"  ... and {len(mistakes) - SHOWN} more")
    count = f"{len(mistakes)} error{'' if len(mistakes) == 1 else 's'}"
    return "\n\n".join(parts) + f"\n  ({count}; nothing was started)"


def _one(mistake: Mistake, lines: Sequence[str]) -> str:
    title = f"error: {printable(mistake.message)}"
    code = f"[{mistake.code}]"
    shown = [f"{title}{code:>{max(len(code) + 2, WIDTH - len(title))}}", f"  {printable(str(mistake.place))}"]
    place = mistake.place
    ask = f" did you mean '{printable(mistake.suggestion)}'?" if mistake.suggestion else ""
    if place.line <= len(lines):
        shown += _excerpt(place, lines, ask)
    elif ask:
        shown.append(f" {ask}")
    if mistake.hint:
        shown += textwrap.wrap(
            printable(mistake.hint), WIDTH, initial_indent="  ", subsequent_indent="      ",
            break_on_hyphens=False, break_long_words=False,
        )  # fmt: skip
    return "\n".join(shown)


def _excerpt(place: Place, lines: Sequence[str], ask: str) -> list[str]:
    # A long line is cut on both sides of what is pointed at.
    start = max(0, place.column - 1 - LINE // 2) if place.column > LINE - 20 else 0
    excerpt = []
    last = min(len(lines), place.line + AFTER)
    gutter = len(str(last)) + 1
    for number in range(max(1, place.line - BEFORE), last + 1):
        text = printable(lines[number - 1].removesuffix("\r")[start : start + LINE])
        excerpt.append(f"  {number:>{gutter}} | {text}".rstrip())
        if number == place.line:
            left = place.column - 1 - start
            pointed = text[left : left + max(1, place.length)]
            caret = "^" * max(1, _columns(pointed))
            pointer = f"  {'':>{gutter}} | {' ' * _columns(text[:left])}{caret}"
            fits = _columns(pointer + ask) <= WIDTH
            excerpt += [pointer + ask] if fits else [pointer, f"  {'':>{gutter}} |{ask}"]
    if not excerpt[-1].rpartition("|")[2].strip() and len(lines) == last:
        excerpt.pop()  # the empty line after the file's last line break
    return excerpt


def _columns(text: str) -> int:
    """Terminal columns of a text: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def printable(text: str) -> str:
    """Replace what could move the cursor or reorder the line, character for character."""
    return "".join(" " if c == "\t" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
