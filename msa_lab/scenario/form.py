"""The form of a scenario file, part by part, and its JSON Schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from msa_lab.chaos import fault_schema
from msa_lab.scenario.model import Arrivals, Severity
from msa_lab.sdk.values import ms
from msa_lab.source import DistributionText, DurationText, MissingUnit, Strict

SCHEMA: Final = "msalab/scenario@1"
INVARIANTS_SCHEMA: Final = "msalab/invariants@1"
KINDS: Final = ("always", "never", "eventually", "finally", "metric", "evidence")

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
Variable = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=60)]
Text = Annotated[str, Field(min_length=1, max_length=1_000)]
Scalar = str | int | float | bool

_RATE = re.compile(r"((?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,6})?)\s?/\s?(s|m|h)")
_SPAN = {"s": 1, "m": 60, "h": 3600}
_FASTEST = 100_000


def parse_rate(text: str) -> float:
    """Read `4/s` or `90/m` as arrivals per second.

    Raises:
        MissingUnit: when there is only a number.
        ValueError: when it is no rate, zero, or above 100,000/s.
    """
    match = _RATE.fullmatch(text.strip()) if len(text) <= 40 else None  # noqa: PLR2004 - far more than needed
    if match is None:
        if re.fullmatch(r"[0-9.]+", text.strip()):
            raise MissingUnit(f"'{text[:40]}' has no unit; write {text.strip()[:40]}/s")
        raise ValueError(f"'{text[:40]}' is not a rate such as 4/s or 90/m")
    rate = float(match[1]) / _SPAN[match[2]]
    if not 0 < rate <= _FASTEST:
        raise ValueError(f"'{text[:40]}' must be more than nothing and at most {_FASTEST}/s")
    return rate


def _rate(value: Any) -> float:  # noqa: ANN401 - whatever the file says
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("wrong_type", "must be a rate such as 4/s")
    return parse_rate(str(value))


RateText = Annotated[
    float,
    PlainValidator(_rate),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9.]+ ?/ ?(s|m|h)$", "examples": ["4/s", "90/m"]}),
]


class CallForm(Strict):
    """Call an operation of the shop."""

    call: Text
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    capture: dict[Variable, Text] = Field(default_factory=dict)
    refused: Word | None = None


class ThinkForm(Strict):
    """Wait as a person would."""

    think: DistributionText


class AwaitedForm(Strict):
    """A saga and the states to wait for."""

    saga: Text
    in_: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(
        default=("COMPLETED", "COMPENSATED"), alias="in"
    )
    within: DurationText
    of: Text = "${order_id}"


class AwaitForm(Strict):
    """Wait for a saga."""

    await_: AwaitedForm = Field(alias="await")


class PickForm(Strict):
    """Draw a value for each name."""

    pick: Annotated[
        dict[Variable, Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=1_000)]],
        Field(min_length=1),
    ]


class RepeatForm(Strict):
    """Take some steps several times."""

    repeat: Annotated[int, Field(ge=1, le=1_000)]
    steps: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]


STEPS: Final[dict[str, type[Strict]]] = {
    "call": CallForm, "think": ThinkForm, "await": AwaitForm, "pick": PickForm, "repeat": RepeatForm,
}  # fmt: skip


class PhaseForm(Strict):
    """Shoppers of one flow arriving for a time; phases follow each other unless `at` says otherwise."""

    phase: Word
    flow: Word
    rate: RateText
    for_: DurationText = Field(alias="for")
    at: DurationText | None = None
    arrivals: Arrivals = "poisson"


class SteadyForm(Strict):
    """What must hold before any fault."""

    over: DurationText = ms(500)
    checks: Annotated[tuple[Text, ...], Field(min_length=1)]


class ChaosForm(Strict):
    """The chaos profiles."""

    default: Word | None = None
    profiles: dict[Word, list[Any]] = Field(default_factory=dict)


class ExpectationForm(Strict):
    """One expectation: exactly one of its six kinds."""

    id: Word
    each: Text | None = None
    where: Text | None = None
    always: Text | None = None
    never: Text | None = None
    eventually: Text | None = None
    finally_: Text | None = Field(default=None, alias="finally")
    metric: Text | None = None
    evidence: Text | None = None
    threshold: Text | None = None
    during: Word | None = None
    within: DurationText | None = None
    severity: Severity = "error"
    profiles: tuple[Word, ...] = ()
    why: str = ""
    doc: str = ""


class ScenarioForm(Strict):
    """The outer form of a scenario; its parts are checked one by one, so that all mistakes are found."""

    schema_: Literal["msalab/scenario@1"] = Field(alias="schema")
    id: Word
    title: Text
    why: str = ""
    tags: tuple[Word, ...] = ()
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    duration: DurationText | None = None
    settle: DurationText | None = None
    topology: Text = "textbook"
    vars: dict[Variable, Scalar] = Field(default_factory=dict)
    given: dict[str, Any] = Field(default_factory=dict)
    flows: dict[Word, list[Any]]
    load: Annotated[list[Any], Field(min_length=1)]
    steady_state: SteadyForm | None = None
    chaos: ChaosForm = Field(default_factory=ChaosForm)
    invariants: tuple[Word, ...] = ()
    expect: list[Any] = Field(default_factory=list)


class InvariantsForm(Strict):
    """Expectations that scenarios share by naming them."""

    schema_: Literal["msalab/invariants@1"] = Field(alias="schema")
    expect: list[Any]


def scenario_schema() -> dict[str, Any]:
    """Give the JSON Schema of scenario files."""
    schema = ScenarioForm.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    parts: dict[str, type[Strict]] = {**STEPS, "phase": PhaseForm, "expectation": ExpectationForm}
    for name, model in parts.items():
        part = model.model_json_schema(ref_template="#/$defs/{model}")
        definitions.update(part.pop("$defs", {}))
        definitions[name] = part
    steps = {"type": "array", "items": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in STEPS]}}
    definitions["repeat"]["properties"]["steps"] = steps
    definitions["fault"] = fault_schema()
    faults = {"type": "array", "items": {"$ref": "#/$defs/fault"}}
    definitions["ChaosForm"]["properties"]["profiles"]["additionalProperties"] = faults
    definitions["expectation"]["oneOf"] = [{"required": [kind]} for kind in KINDS]
    properties = schema["properties"]
    properties["flows"]["additionalProperties"] = steps
    properties["load"]["items"] = {"$ref": "#/$defs/phase"}
    properties["expect"]["items"] = {"$ref": "#/$defs/expectation"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **schema}
