"""The types of the expression language. Every value is a number, a text, a truth or a list of those."""

from __future__ import annotations

from dataclasses import dataclass

Value = int | float | str | bool | tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Type:
    """A type by its name; `item` is what a list holds."""

    name: str
    item: Type | None = None

    def __str__(self) -> str:
        return self.name if self.item is None else f"list of {self.item}"


NUMBER = Type("number")
AMOUNT = Type("amount")
"""What an observable adds up: a count or money in minor units; it goes with both."""
DURATION = Type("duration")
MONEY = Type("money")
TEXT = Type("text")
BOOL = Type("truth value")
ANY = Type("value")
"""Known only when it is read, such as a detail of a log event; a comparison that makes no sense is false."""

QUANTITIES = (NUMBER, AMOUNT, DURATION, MONEY, ANY)


def list_of(item: Type) -> Type:
    """Give the type of a list."""
    return Type("list", item)


def common(left: Type, right: Type) -> Type | None:
    """Give the type that both sides can be read as, or None."""
    if right in (left, ANY):
        return left
    if left == ANY:
        return right
    if left.item is not None and right.item is not None:
        item = common(left.item, right.item)
        return None if item is None else list_of(item)
    for one, other in ((left, right), (right, left)):
        if one == AMOUNT and other in (NUMBER, MONEY):
            return other
    return None
