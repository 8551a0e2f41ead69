"""Guesses what a misspelt word was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_CLIP = 60


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Give the known word nearest to `word`, or None when none is near.

    Case and the choice of `-`, `_` or space do not count. The same words give the same answer in any order.
    """
    plain: dict[str, str] = {}
    for candidate in sorted(known):
        plain.setdefault(_plain(candidate), candidate)
    if len(word) > _CLIP:
        return None
    near = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=0.6)
    return plain[near[0]] if near else None


def _plain(word: str) -> str:
    return word.casefold().replace("_", "-").replace(" ", "-")


def quoted(text: object) -> str:
    """Quote what the user wrote, cut to 60 characters."""
    written = str(text)
    return f"'{written}'" if len(written) <= _CLIP else f"'{written[:_CLIP]}...'"


def meant(word: str, known: Iterable[str]) -> str:
    """Ask back, to go on with a sentence: `; did you mean 'checkout'?`; '' when no known word is near."""
    near = did_you_mean(word, known)
    return f"; did you mean {quoted(near)}?" if near else ""


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does: `a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
