"""Arithmetic that never raises: what overflows or is no number counts as zero; so does a division by zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msa_lab.scenario.expressions.types import Value


def number(value: Value) -> int | float:
    """Read a value as a number."""
    return value if isinstance(value, int | float) else 0


def add(left: Value, right: Value) -> Value:
    """Add."""
    try:
        return number(left) + number(right)
    except OverflowError:
        return 0


def subtract(left: Value, right: Value) -> Value:
    """Subtract."""
    try:
        return number(left) - number(right)
    except OverflowError:
        return 0


def multiply(left: Value, right: Value) -> Value:
    """Multiply."""
    try:
        return number(left) * number(right)
    except OverflowError:
        return 0


def divide(left: Value, right: Value) -> Value:
    """Divide; by zero gives zero, so that a share of nothing is nothing."""
    try:
        divisor = number(right)
        return number(left) / divisor if divisor else 0
    except OverflowError:
        return 0


def listed(value: Value) -> tuple[Value, ...]:
    """Read a value as a list."""
    return value if isinstance(value, tuple) else ()


def total(values: tuple[Value, ...]) -> Value:
    """Add up."""
    total: Value = 0
    for value in values:
        total = add(total, value)
    return total


def absolute(values: tuple[Value, ...]) -> Value:
    """Drop the sign of the first."""
    return abs(number(values[0]))


def largest(values: tuple[Value, ...]) -> Value:
    """Give the largest, 0 of nothing."""
    return max(map(number, values), default=0)


def smallest(values: tuple[Value, ...]) -> Value:
    """Give the smallest, 0 of nothing."""
    return min(map(number, values), default=0)


def among(value: Value, values: Value) -> bool:
    """Tell whether a list (or a text) holds a value."""
    if isinstance(values, str):
        return isinstance(value, str) and value in values
    return value in listed(values)


def compares(test: Callable[[Any, Any], bool], left: Value, right: Value) -> bool:
    """Compare; what cannot be compared is false."""
    try:
        return test(left, right)
    except TypeError:
        return False


def all_compare(test: Callable[[Any, Any], bool], values: tuple[Value, ...], right: Value) -> bool:
    """Tell whether a comparison holds for all."""
    return all(compares(test, value, right) for value in values)
