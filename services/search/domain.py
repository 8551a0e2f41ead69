"""Words, ranks and companions. All scores are integers, so that equal means equal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

PRIOR_RATING = 300
"""A product nobody has rated is taken for average: three stars, in hundredths."""
PRIOR_WEIGHT = 5
"""How many ratings that prior weighs."""

_WORD = re.compile(r"[^\W_]{2,}")
_LONGEST_BASKET = 20


def words_of(text: str) -> tuple[str, ...]:
    """Give the different words of a text in lower case, ordered; single letters are no words."""
    return tuple(sorted(dict.fromkeys(_WORD.findall(text.casefold()))))


def levels(category: str) -> Mapping[str, str]:
    """Give a category path level by level: `a/b` is level1 `a` and level2 `a/b`."""
    labels = category.split("/")
    return {f"level{depth}": "/".join(labels[:depth]) for depth in range(1, len(labels) + 1)}


def level_of(category: str) -> tuple[str, str]:
    """Give the name and value of the level that a category path itself is."""
    path = category.strip().strip("/").lower()
    return f"level{path.count('/') + 1}", path


def lies_in(category: str, path: str) -> bool:
    """Tell whether a category is `path` or lies below it."""
    return category == path or category.startswith(path + "/")


def weighted(average: int, count: int) -> int:
    """Give the Bayesian average in hundredths of a star: 5.0 from one person does not beat 4.8 from many."""
    return (PRIOR_WEIGHT * PRIOR_RATING + average * count) // (PRIOR_WEIGHT + count)


def companions(skus: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Give the ordered pairs of different products in one basket, of the first twenty at most."""
    basket = tuple(dict.fromkeys(skus))[:_LONGEST_BASKET]
    return tuple((one, other) for one in basket for other in basket if one != other)


def remembered(before: Sequence[str], bought: Iterable[str], keep: int = 5) -> tuple[str, ...]:
    """Give what somebody bought last, newest first, each product once."""
    return tuple(dict.fromkeys((*bought, *before)))[:keep]


def best(counts: Mapping[str, int], limit: int, without: Iterable[str] = ()) -> tuple[str, ...]:
    """Give the keys with the highest counts, equal ones in alphabetical order."""
    left_out = tuple(without)
    ranked = sorted((-count, key) for key, count in counts.items() if key not in left_out)
    return tuple(key for _, key in ranked[:limit])
