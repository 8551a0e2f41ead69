from typing import Any

from msa_lab.chaos import CATALOGUE, fault_schema


def of(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        schema for schema in fault_schema()["oneOf"] if schema["properties"]["kind"]["const"] == kind
    )
    return found


def test_each_kind_has_an_alternative_that_refuses_unknown_keys() -> None:
    alternatives = fault_schema()["oneOf"]

    assert [schema["title"] for schema in alternatives] == list(CATALOGUE)
    assert all(schema["additionalProperties"] is False for schema in alternatives)


def test_what_must_be_given_is_required() -> None:
    assert of("net.delay")["required"] == ["kind", "target", "with"]
    assert of("net.delay")["anyOf"] == [{"required": ["for"]}, {"required": ["count"]}]
    assert of("process.pause")["required"] == ["kind", "target", "for"]
    assert of("process.kill")["required"] == ["kind", "target"]
    assert of("cache.flush")["required"] == ["kind"]


def test_keys_without_meaning_are_left_out() -> None:
    assert "direction" not in of("db.down")["properties"]
    assert "probability" not in of("process.pause")["properties"]
    assert "for" not in of("cache.flush")["properties"]


def test_parameters_have_type_bounds_and_default() -> None:
    assert of("http.abort")["properties"]["with"]["properties"]["status"] == {
        "description": "the HTTP status to answer with",
        "type": "integer",
        "minimum": 500,
        "maximum": 599,
        "default": 503,
    }
    assert of("process.kill")["properties"]["with"]["properties"]["restart_after"]["default"] == "1s"
