from __future__ import annotations

import pytest

from msa_lab.scenario import scenario_schema
from msa_lab.scenario.form import parse_rate
from msa_lab.source import MissingUnit


@pytest.mark.parametrize(("text", "rate"), [("4/s", 4.0), ("90/m", 1.5), ("0.5 / s", 0.5), ("36/h", 0.01)])
def test_a_rate_is_read_as_arrivals_per_second(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


def test_a_rate_needs_its_unit() -> None:
    with pytest.raises(MissingUnit, match="'4' has no unit; write 4/s"):
        parse_rate("4")


@pytest.mark.parametrize("text", ["0/s", "4/d", "-1/s", "1e9/s", "9999999/s", "", "x" * 100])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|must be"):
        parse_rate(text)


def test_the_schema_describes_every_part() -> None:
    schema = scenario_schema()

    steps = schema["properties"]["flows"]["additionalProperties"]["items"]["oneOf"]
    assert [step["$ref"] for step in steps] == [
        "#/$defs/call", "#/$defs/think", "#/$defs/await", "#/$defs/pick", "#/$defs/repeat",
    ]  # fmt: skip
    assert schema["$defs"]["call"]["properties"].keys() == {"call", "with", "capture", "refused"}
    assert schema["required"] == ["schema", "id", "title", "flows", "load"]
    assert len(schema["$defs"]["fault"]["oneOf"]) >= 20
    assert {"required": ["finally"]} in schema["$defs"]["expectation"]["oneOf"]
