from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from msa_lab.sdk import ServiceSpec, Setting, seconds
from msa_lab.sdk.values import Duration
from msa_lab.source import (
    InvalidFile,
    Mistakes,
    fill,
    format_duration,
    parse_distribution,
    parse_duration,
    parse_money,
    read_yaml,
)
from msa_lab.topology import with_settings
from msa_lab.topology.fileform import TopologyForm
from msa_lab.topology.loading import build_topology

PIECES = [
    *(
        "a",
        "b: ",
        ": ",
        "- ",
        "\n",
        "  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "? ",
        "&x ",
        "*x",
        "!!str ",
        "!",
        "|\n",
    ),
    *(
        ">\n",
        "'",
        '"',
        "\\",
        "#",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "<<: ",
        "yes",
        "0755",
        "1:30",
        "1_0",
        "e5",
    ),
    *("2020-01-01", "~", "null", "true", "1e999", ".inf", "\r", "\0", "\ud800", "\u2028", "\ufeff", "\x85"),
    *("\u20ac", "@", "`", "patterns:", "services:", '"\\ud800"', '"\\U00110000"'),
]


def refusal(text: str) -> InvalidFile | None:
    try:
        read_yaml(text, "f.yaml")
    except InvalidFile as invalid:
        return invalid
    return None


@settings(max_examples=400, deadline=2_000)
@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
@example("a: *" + "b" * 10_000)
@example("a: !<" + "b" * 10_000 + "> c")
def test_any_text_is_read_or_refused_with_places_inside_it(text: str) -> None:
    invalid = refusal(text)
    if invalid is None:
        document = read_yaml(text, "f.yaml")
        json.dumps(document.data, allow_nan=False)
        for path in document.spots:
            document.place_in(path, 1, 1)
        return
    assert invalid.mistakes
    for mistake in invalid.mistakes:
        assert re.fullmatch(r"MSA-L\d{3}", mistake.code)
        assert 1 <= mistake.place.line <= len(text.split("\n"))
        assert mistake.place.column >= 1
    assert invalid.render().endswith("nothing was started)")


@settings(max_examples=100, deadline=2_000)
@given(st.binary(max_size=60))
def test_any_bytes_read_as_latin_1_are_read_or_refused(raw: bytes) -> None:
    invalid = refusal(raw.decode("latin-1"))
    assert invalid is None or invalid.render()


CHARACTERS = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff"
)
NUMBERS = st.one_of(st.integers(-(10**16), 10**16), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(CHARACTERS)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("abcd"), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=2_000)
@given(VALUES)
def test_json_is_yaml_and_means_the_same(value: Any) -> None:  # noqa: ANN401 - any JSON value
    text = json.dumps(value, ensure_ascii=False)
    assert json.dumps(read_yaml(text, "f.yaml").data, ensure_ascii=False) == text


FORM_KEYS = [
    *TopologyForm.model_fields,
    "schema",
    "replicas",
    "retry",
    "attempts",
    "latency",
    "link",
    "cpu",
    "x",
]
FORMS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["2s", "on", "a -> b", "a"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FORM_KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=200, deadline=2_000)
@given(FORMS)
def test_any_document_fills_a_form_or_has_mistakes_with_places(value: Any) -> None:  # noqa: ANN401 - as above
    mistakes = Mistakes()
    filled = fill(read_yaml(json.dumps(value), "f.yaml"), TopologyForm, mistakes)
    assert (filled is None) == bool(mistakes.found)
    if mistakes.found:
        with pytest.raises(InvalidFile):
            mistakes.raise_if_any()


@given(st.integers(0, 10**12))
def test_a_duration_written_is_read_back(microseconds: int) -> None:
    assert parse_duration(format_duration(Duration(microseconds))) == microseconds


QUANTITY = r"[a-z]{0,9}\(?[0-9.]{0,4}[mus]{0,2},? ?[0-9.]{0,4}m?s?\)?"


@settings(max_examples=300)
@given(
    st.one_of(
        st.text(max_size=30),
        st.from_regex(QUANTITY, fullmatch=True),
    )
)
def test_any_quantity_is_read_or_refused_as_a_value(text: str) -> None:
    for parse in (parse_duration, parse_distribution, parse_money):
        try:
            parse(text)
        except ValueError as refusal:
            assert str(refusal)  # noqa: PT017 - the refusal is the point, a value as good


KEYED = ServiceSpec(
    "till", "takes money", settings=(Setting("till.wait", seconds(1), "a wait", unit="duration"),)
)
TEXTBOOK = (
    "schema: msalab/topology@1\nid: t\ntitle: T\nservices: {till: {replicas: 2}}\npatterns: {retry: true}\n"
)
PATHS = [
    "patterns.retry",
    "services.till.replicas",
    "config.till.wait",
    "timing.hop",
    "a",
    "",
    ".",
    "patterns.x.y",
]
SETTINGS = st.one_of(
    st.text(max_size=20),
    st.builds(
        "{}={}".format, st.sampled_from(PATHS), st.one_of(st.text(max_size=8), st.sampled_from(["off", "2s"]))
    ),
)


@settings(max_examples=200, deadline=2_000)
@given(st.lists(SETTINGS, max_size=4))
def test_any_settings_are_applied_or_refused(changes: list[str]) -> None:
    topology = build_topology(read_yaml(TEXTBOOK, "t.yaml"), (KEYED,), "", Mistakes())
    try:
        changed = with_settings(topology, changes)
    except InvalidFile as invalid:
        assert "--set:" in invalid.render()  # noqa: PT017 - applied is as good
    else:
        assert changed.deployments["till"].replicas >= 1


@settings(max_examples=200, deadline=2_000)
@given(FORMS)
def test_any_document_is_a_topology_or_refused(value: Any) -> None:  # noqa: ANN401 - as above
    head = {"schema": "msalab/topology@1", "id": "t", "title": "T"}
    text = json.dumps({**head, **value} if isinstance(value, dict) else value)
    mistakes = Mistakes()
    try:
        topology = build_topology(read_yaml(text, "t.yaml"), (KEYED,), "", mistakes)
    except InvalidFile as invalid:
        assert invalid.mistakes == mistakes.found  # noqa: PT017 - accepted is as good
    else:
        assert set(topology.deployments) == {"till"}
