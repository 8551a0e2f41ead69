"""The catalogue: prices, category paths and availability words."""

from __future__ import annotations

import re
from typing import Literal

from msa_lab.sdk.values import Money

CURRENCY = "EUR"
"""The shop sells in one currency."""

_PRICE = re.compile(r"(\d{1,9})(?:\.(\d{2}))? EUR")
_LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def price_from(value: object) -> object:
    """Read a price written as minor units (`2490`) or as text (`24.90 EUR`); other values are left alone.

    Raises:
        ValueError: when a text is no price.
    """
    if isinstance(value, bool):
        raise ValueError("a price is not true or false")  # noqa: TRY004 - pydantic reports a ValueError
    if isinstance(value, int):
        return Money(value, CURRENCY)
    if isinstance(value, str):
        match = _PRICE.fullmatch(value.strip())
        if match is None:
            raise ValueError("a price is written like 24.90 EUR, or in cents like 2490")
        return Money(int(match[1]) * 100 + int(match[2] or 0), CURRENCY)
    return value


def sellable(price: Money) -> bool:
    """Tell whether a price can be asked for: positive, and in the shop's currency."""
    return price.minor > 0 and price.currency == CURRENCY


def category_path(text: str) -> str:
    """Give the one spelling of a category path: `Kitchen / Tea Kettles` becomes `kitchen/tea-kettles`."""
    labels = [re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") for label in text.split("/")]
    return "/".join(label for label in labels if label)


def valid_category(path: str) -> bool:
    """Tell whether a path names a category: at most four labels of letters, digits and hyphens."""
    labels = path.split("/")
    return len(labels) <= 4 and all(_LABEL.fullmatch(label) for label in labels)  # noqa: PLR2004 - see above


def lineage(path: str) -> tuple[str, ...]:
    """Give a category and those above it, the topmost first."""
    labels = path.split("/")
    return tuple("/".join(labels[:depth]) for depth in range(1, len(labels) + 1))


def parent(path: str) -> str:
    """Give the category above, '' above the topmost."""
    return path.rpartition("/")[0]


def availability(pieces: int, low_at: int) -> Literal["in stock", "low", "out of stock"]:
    """Put a number of pieces into a customer's words."""
    if pieces <= 0:
        return "out of stock"
    return "low" if pieces <= low_at else "in stock"
