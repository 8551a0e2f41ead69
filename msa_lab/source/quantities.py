"""Durations, distributions and amounts as people write them; a unit is never left out."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from msa_lab.sdk.distributions import Constant, Distribution, Exponential, LogNormal, Normal, Pareto, Uniform
from msa_lab.sdk.values import Duration, Money
from msa_lab.source.suggesting import listed, meant, quoted

UNITS: Final = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
LONGEST: Final = Duration(1_000 * UNITS["h"])
_NUMBER = r"(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,9})?"
_DURATION = re.compile(rf"({_NUMBER}) ?([a-zA-Zµ]*)")
_CALL = re.compile(r"([a-z-]+)\s*\(([^()]*)\)")
_MONEY = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{2}))?(?: ([A-Z]{3}))?")
_DURATION_PATTERN = rf"^{_NUMBER} ?(us|ms|s|m|h)$"
_MOST_SIGMA = 10.0


class MissingUnit(ValueError):
    """A number stands where a quantity with its unit belongs."""


def parse_duration(text: str) -> Duration:
    """Read `250ms`, `30s`, `2m`, `1h` or `10us`; at most 1000 hours.

    Raises:
        MissingUnit: when there is only a number.
        ValueError: when it is not a duration, or not a whole number of microseconds.
    """
    match = _DURATION.fullmatch(text.strip(" ")) if len(text) <= 40 else None  # noqa: PLR2004 - far more than needed
    if match is None:
        raise ValueError(f"{quoted(text)} is not a duration such as 250ms, 30s, 2m or 1h")
    number, unit = match.groups()
    if not unit:
        raise MissingUnit(f"{quoted(text)} has no unit; write {number}ms or {number}s")
    if unit not in UNITS:
        raise ValueError(f"unknown unit {quoted(unit)} in {quoted(text)}; there are {listed(UNITS)}")
    exact = Decimal(number) * UNITS[unit]
    if exact != int(exact):
        raise ValueError(f"{quoted(text)} is not a whole number of microseconds")
    if exact > LONGEST:
        raise ValueError(f"{quoted(text)} is longer than 1000h")
    return Duration(int(exact))


def parse_distribution(text: str) -> Distribution:
    """Read a distribution of durations; a bare duration is constant.

    `exp(MEAN)`, `uniform(LOW, HIGH)`, `lognormal(MEDIAN, SIGMA)`, `normal(MEAN, DEVIATION)`,
    `pareto(SCALE, SHAPE)`; sigma and shape are bare numbers.

    Raises:
        MissingUnit: when a duration in it has no unit.
        ValueError: when it is none of these.
    """
    match = _CALL.fullmatch(text.strip()) if len(text) <= 200 else None  # noqa: PLR2004 - far more than needed
    if match is None:
        if "(" in text:
            raise ValueError(f"{quoted(text)} is not a distribution such as exp(2ms) or uniform(1ms, 3ms)")
        return Constant(parse_duration(text))
    name, inside = match.groups()
    if name not in _SHAPES:
        guess = meant(name, _SHAPES)
        raise ValueError(f"unknown distribution {quoted(name)}; there are {listed(_SHAPES)}{guess}")
    arguments = [part.strip() for part in inside.split(",")] if inside.strip() else []
    example, count = _SHAPES[name]
    if len(arguments) != count:
        raise ValueError(f"{name} takes {count} value{'s' if count > 1 else ''}: {example}")
    return _shape(name, arguments)


_SHAPES: Final = {
    "exp": ("exp(2ms)", 1),
    "uniform": ("uniform(1ms, 3ms)", 2),
    "lognormal": ("lognormal(5ms, 0.4)", 2),
    "normal": ("normal(10ms, 2ms)", 2),
    "pareto": ("pareto(1ms, 1.5)", 2),
}


def _shape(name: str, arguments: list[str]) -> Distribution:
    first = parse_duration(arguments[0])
    match name:
        case "exp":
            return Exponential(first)
        case "uniform":
            high = parse_duration(arguments[1])
            if high < first:
                raise ValueError(
                    f"uniform({', '.join(arguments)}): the second value must not be below the first"
                )
            return Uniform(first, high)
        case "normal":
            return Normal(first, parse_duration(arguments[1]))
        case "lognormal":
            return LogNormal(first, _bare(name, arguments[1], least=0.0, most=_MOST_SIGMA))
        case _:
            return Pareto(first, _bare(name, arguments[1], least=0.1, most=1000.0))


def _bare(name: str, text: str, *, least: float, most: float) -> float:
    if not re.fullmatch(_NUMBER, text):
        raise ValueError(f"{quoted(text)} in {name} must be a bare number")
    value = float(text)
    if not least <= value <= most:
        raise ValueError(f"{quoted(text)} in {name} must lie between {least:g} and {most:g}")
    return value


def parse_money(text: str) -> Money:
    """Read `12.50 EUR` or `12 EUR`.

    Raises:
        MissingUnit: when the currency is missing.
        ValueError: when it is not an amount.
    """
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{quoted(text)} is not an amount such as 12.50 EUR")
    sign, whole, cents, currency = match.groups()
    if currency is None:
        raise MissingUnit(f"{quoted(text)} has no currency; write {text.strip()} EUR")
    minor = int(whole) * 100 + int(cents or "0")
    return Money(-minor if sign else minor, currency)


def format_duration(duration: Duration) -> str:
    """Write a duration in the largest unit that needs no fraction: `1500ms`, `30s`."""
    unit = next(unit for unit, size in reversed(UNITS.items()) if duration % size == 0)
    return f"{duration // UNITS[unit]}{unit}" if duration else "0s"


def _duration(value: Any) -> Duration:  # noqa: ANN401 - whatever the file says
    return parse_duration(_written(value, "a duration such as 250ms, 30s or 2m"))


def _distribution(value: Any) -> Distribution:  # noqa: ANN401 - whatever the file says
    return parse_distribution(_written(value, "a duration such as 5ms or a distribution such as exp(2ms)"))


def _money(value: Any) -> Money:  # noqa: ANN401 - whatever the file says
    if isinstance(value, float):
        value = f"{value:.2f}"
    return parse_money(_written(value, "an amount such as 12.50 EUR"))


def _written(value: object, wanted: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value}"
    raise PydanticCustomError("wrong_type", "must be {wanted}", {"wanted": wanted})


DurationText = Annotated[
    Duration,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["250ms", "30s", "2m"]}),
]
"""A field that holds a Duration and is written `250ms`."""

DistributionText = Annotated[
    Distribution,
    PlainValidator(_distribution),
    WithJsonSchema({"type": "string", "examples": ["5ms", *(example for example, _ in _SHAPES.values())]}),
]
"""A field that holds a Distribution and is written `exp(2ms)`."""

MoneyText = Annotated[
    Money,
    PlainValidator(_money),
    WithJsonSchema(
        {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{2})? [A-Z]{3}$", "examples": ["12.50 EUR"]}
    ),
]
"""A field that holds Money and is written `12.50 EUR`."""
