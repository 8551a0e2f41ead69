"""Rules of a cart: what a line may hold, how lines add up, how two carts become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from msa_lab.sdk.values import Money

MOST_OF_ONE = 99
MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` pieces of a product at the price it had when it was last put into the cart."""

    sku: str
    title: str
    quantity: int
    unit_price: Money


Lines = tuple[Line, ...]


def added(lines: Lines, line: Line) -> Lines:
    """Put pieces in: quantities of a product add up, to 99 at most; the newest title and price count."""
    held = quantity_of(lines, line.sku)
    whole = replace(line, quantity=min(MOST_OF_ONE, held + line.quantity))
    if not held:
        return (*lines, whole)
    return tuple(whole if old.sku == line.sku else old for old in lines)


def removed(lines: Lines, sku: str, quantity: int | None = None) -> Lines:
    """Take `quantity` pieces out, or the whole line when None or more than it holds."""
    left = 0 if quantity is None else max(0, quantity_of(lines, sku) - quantity)
    if not left:
        return tuple(line for line in lines if line.sku != sku)
    return tuple(replace(line, quantity=left) if line.sku == sku else line for line in lines)


def merged(lines: Lines, others: Lines) -> Lines:
    """Keep both carts' things; the first cart's order and prices win, quantities add up to 99 at most."""
    for other in others:
        known = next((line for line in lines if line.sku == other.sku), other)
        lines = added(lines, replace(known, quantity=other.quantity))
    return lines


def quantity_of(lines: Lines, sku: str) -> int:
    """Tell how many pieces of a product are in."""
    return next((line.quantity for line in lines if line.sku == sku), 0)


def subtotal(lines: Iterable[Line]) -> Money:
    """Add up quantity times unit price."""
    return sum((line.unit_price * line.quantity for line in lines), Money(0))


def too_many(lines: Lines) -> bool:
    """Tell whether the cart holds more than 50 different things."""
    return len(lines) > MOST_LINES
