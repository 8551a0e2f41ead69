"""Reads and writes the values of a fault's parameters."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msa_lab.chaos.params import Param, Params
from msa_lab.sdk.distributions import Constant, Distribution, Exponential, LogNormal, Normal, Pareto, Uniform
from msa_lab.sdk.values import Duration
from msa_lab.source import (
    format_duration,
    listed,
    meant,
    parse_distribution,
    parse_duration,
    quoted,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a kind: its name, type, meaning and default (`required` when there is none)."""

    name: str
    type: Any
    param: Param
    default: Any
    required: bool

    @property
    def shape(self) -> str:
        """What to write, in a word or two."""
        if get_origin(self.type) is Literal:
            return " | ".join(get_args(self.type))
        return _SHAPES.get(self.type, "text")

    @property
    def example(self) -> str:
        """A value that can be written."""
        if not self.required and self.default != "":
            return write_value(self.default)
        return _EXAMPLES.get(self.type, "text")


_SHAPES: Mapping[Any, str] = types.MappingProxyType(
    {
        Duration: "duration",
        Distribution: "duration or distribution",
        bool: "true | false",
        int: "whole number",
        float: "number",
    }
)
_EXAMPLES: Mapping[Any, str] = types.MappingProxyType(
    {Duration: "500ms", Distribution: "200ms", bool: "true", int: "2", float: "2"}
)


def parameters(params: type[Params]) -> tuple[Parameter, ...]:
    """List the parameters of a kind, in the order of their declaration."""
    hints = get_type_hints(params, include_extras=True)
    return tuple(
        _parameter(field, hints[field.name])
        for field in dataclasses.fields(params)  # type: ignore[arg-type] # every kind's parameters are a dataclass
    )


def _parameter(field: dataclasses.Field[Any], hint: object) -> Parameter:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"parameter {field.name} must be Annotated[type, Param(...)]")
    kind, param = get_args(hint)
    required = field.default is dataclasses.MISSING
    return Parameter(field.name, kind, param, None if required else field.default, required)


def read_value(parameter: Parameter, value: object) -> object:
    """Read what was written for a parameter.

    Raises:
        MissingUnit: when a duration has none.
        ValueError: when it is of another type or out of bounds.
    """
    kind, param = parameter.type, parameter.param
    if kind is Distribution:
        return parse_distribution(_text(value, "a duration such as 200ms or a distribution such as exp(2ms)"))
    if kind is Duration:
        return _within(_duration(value, param), param, lambda bound: format_duration(Duration(int(bound))))
    if kind is bool:
        return _truth(value)
    if kind is int:
        return _within(read_integer(value), param, str)
    if kind is float:
        return _within(read_number(value), param, lambda bound: f"{bound:g}")
    text = _text(value, "text")
    if get_origin(kind) is Literal and text not in get_args(kind):
        guess = meant(text, get_args(kind))
        raise ValueError(f"{quoted(text)} is not {listed(get_args(kind))}{guess}")
    return text


def _text(value: object, wanted: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be {wanted}")  # noqa: TRY004 - all mistakes of values are ValueErrors here
    return str(value)


def _duration(value: object, param: Param) -> Duration:
    text = _text(value, "a duration such as 250ms, 30s or 2m").strip()
    if text.startswith("-"):
        if not param.signed:
            raise ValueError(f"{quoted(text)} is negative")
        return Duration(-parse_duration(text[1:]))
    return parse_duration(text)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{quoted(value)} is not true or false")  # noqa: TRY004 - as above
    return value


def read_integer(value: object) -> int:
    """Read a whole number.

    Raises:
        ValueError: when it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{quoted(value)} is not a whole number{_quotes(value)}")  # noqa: TRY004 - as above
    return value


def read_number(value: object) -> float:
    """Read a number.

    Raises:
        ValueError: when it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        raise ValueError(f"{quoted(value)} is not a number{_quotes(value)}")
    return float(value)


def _quotes(value: object) -> str:
    return " but text" if isinstance(value, str) and value[:1].isdecimal() else ""


def _within(value: Any, param: Param, write: Any) -> Any:  # noqa: ANN401 - int or float
    if param.low is not None and value < param.low:
        raise ValueError(f"{write(value)} is too little; at least {write(param.low)}")
    if param.high is not None and value > param.high:
        raise ValueError(f"{write(value)} is too much; at most {write(param.high)}")
    return value


def write_value(value: object) -> str:  # noqa: PLR0911 - one way out for each type
    """Write a parameter's value so that it can be read back."""
    match value:
        case bool():
            return "true" if value else "false"
        case Constant(value=span):
            return format_duration(span)
        case Exponential(average=mean):
            return f"exp({format_duration(mean)})"
        case Uniform(low=low, high=high):
            return f"uniform({format_duration(low)}, {format_duration(high)})"
        case Normal(average=mean, deviation=deviation):
            return f"normal({format_duration(mean)}, {format_duration(deviation)})"
        case LogNormal(median=median, sigma=sigma):
            return f"lognormal({format_duration(median)}, {write_number(sigma)})"
        case Pareto(scale=scale, shape=shape):
            return f"pareto({format_duration(scale)}, {write_number(shape)})"
        case float():
            return write_number(value)
        case _:
            return str(value)


def write_number(value: float) -> str:
    """Write a number without an exponent and without needless zeros."""
    return f"{value:.9f}".rstrip("0").rstrip(".")


def write_parameter(parameter: Parameter, value: object) -> str:
    """Write one parameter as `name=value`."""
    if parameter.type is Duration and isinstance(value, int):
        sign = "-" if value < 0 else ""
        return f"{parameter.name}={sign}{format_duration(Duration(abs(value)))}"
    return f"{parameter.name}={write_value(value)}"
