"""The JSON Schema of faults in files, from the catalogue."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from msa_lab.chaos.catalogue import CATALOGUE
from msa_lab.chaos.envelope import DIRECTIONS
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.parameters import Parameter, parameters, write_value
from msa_lab.chaos.targets import SAID
from msa_lab.sdk.distributions import Distribution
from msa_lab.sdk.values import Duration
from msa_lab.source import format_duration, listed

_SPAN = r"^(?:0|[1-9][0-9]*)(?:\.[0-9]+)? ?(us|ms|s|m|h)$"


def fault_schema() -> dict[str, Any]:
    """Give the schema of one fault: one alternative for each kind."""
    return {"oneOf": [_kind_schema(kind) for kind in CATALOGUE.values()]}


def _kind_schema(kind: FaultKind) -> dict[str, Any]:
    own = parameters(kind.params)
    properties: dict[str, Any] = {
        "kind": {"const": kind.name, "description": kind.title},
        "id": {"type": "string", "description": "its name in this run; the kind unless given"},
        "target": {"type": "string", "description": listed(SAID[form] for form in kind.forms)},
        "with": {
            "type": "object",
            "additionalProperties": False,
            "properties": {parameter.name: _parameter_schema(parameter) for parameter in own},
            "required": [parameter.name for parameter in own if parameter.required],
        },
        "at": {"type": "string", "pattern": _SPAN, "description": "when it starts; 0s unless given"},
        "after": _AFTER,
    }
    if kind.needs != "nothing":
        properties["for"] = {"type": "string", "pattern": _SPAN, "description": "how long it lasts"}
    if kind.counted:
        properties["probability"] = {"type": "number", "minimum": 0, "maximum": 1, "default": 1}
        properties["count"] = {"type": "integer", "minimum": 1, "description": "how often it strikes at most"}
    if kind.directed:
        properties["direction"] = {"enum": list(DIRECTIONS), "default": "both"}
    required = ["kind"]
    if not kind.default and not kind.outside:
        required.append("target")
    if any(parameter.required for parameter in own):
        required.append("with")
    schema: dict[str, Any] = {
        "title": kind.name,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": required,
        "not": {"required": ["at", "after"]},
    }
    if kind.needs == "for" and not kind.lease:
        required.append("for")
    elif kind.needs == "for-or-count":
        schema["anyOf"] = [{"required": ["for"]}, {"required": ["count"]}]
    return schema


_AFTER = {
    "description": "the domain event that starts it",
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "event": {"type": "string"},
                "nth": {"type": "integer", "minimum": 1, "default": 1},
            },
            "required": ["event"],
        },
    ],
}


def _parameter_schema(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": parameter.param.purpose}
    kind = parameter.type
    if get_origin(kind) is Literal:
        schema["enum"] = list(get_args(kind))
    elif kind is Duration:
        schema |= {"type": "string", "pattern": "^-?" + _SPAN[1:] if parameter.param.signed else _SPAN}
    elif kind is Distribution or kind is str:
        schema["type"] = "string"
    elif kind is bool:
        schema["type"] = "boolean"
    else:
        schema["type"] = "integer" if kind is int else "number"
        schema |= {"minimum": parameter.param.low} if parameter.param.low is not None else {}
        schema |= {"maximum": parameter.param.high} if parameter.param.high is not None else {}
    if not parameter.required:
        default = parameter.default
        schema["default"] = format_duration(default) if kind is Duration else default
        if kind is Distribution:
            schema["default"] = write_value(default)
    return schema
