from __future__ import annotations

import functools
import pathlib
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from msa_lab.scenario.loading import read_scenario
from msa_lab.sdk.discovery import discover
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.source import InvalidFile, Mistake, Mistakes, read_yaml

SHIPPED = pathlib.Path(__file__).parents[2] / "scenarios"
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=20),
    st.sampled_from(["3s", "4/s", "${sku}", "${", "$.a", "order.placed", "state in [", "p(95) < 3s", "none"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "call", "with", "kind", "for", "each", "always", "metric", "saga", "x", "${sku}"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@functools.cache
def specs() -> tuple[ServiceSpec, ...]:
    return discover()


@functools.cache
def checkout() -> str:
    return (SHIPPED / "checkout.yaml").read_text()


def found(text: str) -> tuple[Mistake, ...]:
    try:
        read_scenario(read_yaml(text, "fuzz.yaml"), specs(), {}, Mistakes(), {})
    except InvalidFile as invalid:
        invalid.render()
        return invalid.mistakes
    return ()


def never_raises(text: str) -> None:
    lines = text.count("\n") + 2
    assert all(1 <= mistake.place.line <= lines for mistake in found(text))


@given(st.text(max_size=400))
@settings(deadline=None)
def test_any_text_is_a_scenario_or_a_mistake(text: str) -> None:
    never_raises(text)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_a_scenario_with_any_part_replaced_is_one_or_a_mistake(data: st.DataObject) -> None:
    whole = yaml.safe_load(checkout())
    node: Any = whole
    while True:
        key: Any = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        deeper = isinstance(node[key], dict | list) and node[key] and data.draw(st.booleans())
        if not deeper:
            break
        node = node[key]
    node[key] = data.draw(VALUES)

    never_raises(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))


@given(st.integers(0, 5_000), st.integers(0, 40), st.text(max_size=10))
@settings(deadline=None, max_examples=150)
def test_a_scenario_with_a_piece_cut_out_is_one_or_a_mistake(start: int, length: int, instead: str) -> None:
    text = checkout()

    never_raises(text[:start] + instead + text[start + length :])
