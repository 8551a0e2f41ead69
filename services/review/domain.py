"""Ratings in exact arithmetic, and what a moderator must see before others do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Stars = tuple[int, int, int, int, int]
"""How many ratings of one, two, three, four and five stars."""

NO_STARS: Stars = (0, 0, 0, 0, 0)

_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"https?://|www\.|\b[\w.+-]+@[\w-]+\.\w", re.IGNORECASE)
_SHOUTED_LETTERS = 20


def counted(stars: Stars, rating: int, by: int = 1) -> Stars:
    """Give the counts with `by` more ratings of `rating` (1 to 5) stars.

    Raises:
        ValueError: when there is no such rating, or fewer than none would be left.
    """
    if not 1 <= rating <= len(stars):
        raise ValueError(f"a rating has one to five stars, not {rating}")
    left = stars[rating - 1] + by
    if left < 0:
        raise ValueError(f"there is no rating of {rating} stars to take away")
    one, two, three, four, five = (left if at == rating else had for at, had in enumerate(stars, 1))
    return one, two, three, four, five


def average(stars: Stars) -> int:
    """Give the average in hundredths of a star, half a hundredth rounded up; 0 without ratings."""
    count = sum(stars)
    total = sum(rating * number for rating, number in enumerate(stars, 1))
    return (200 * total + count) // (2 * count) if count else 0


def judged(text: str, words: Iterable[str]) -> Literal["PUBLISHED", "PENDING"]:
    """Publish a text at once, unless it holds a listed word, a link or an address, or shouts."""
    listed = [word.casefold() for word in words]
    if any(word.casefold() in listed for word in _WORD.findall(text)) or _LINK.search(text):
        return "PENDING"
    letters = [letter for letter in text if letter.isalpha()]
    shouts = len(letters) >= _SHOUTED_LETTERS and all(letter.isupper() for letter in letters)
    return "PENDING" if shouts else "PUBLISHED"


def decided(decision: Literal["publish", "reject"]) -> Literal["PUBLISHED", "REJECTED"]:
    """Give the state that a moderator's decision leads to."""
    return "PUBLISHED" if decision == "publish" else "REJECTED"


def word_list(text: str) -> tuple[str, ...]:
    """Read a word list written with commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())
