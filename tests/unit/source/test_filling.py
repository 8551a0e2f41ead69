from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import model_validator

from msa_lab.sdk import Exponential, Money
from msa_lab.sdk.values import Duration
from msa_lab.source import (
    DistributionText,
    DurationText,
    InvalidFile,
    Mistakes,
    MoneyText,
    Strict,
    fill,
    fill_at,
    read_yaml,
    salvage,
)


class Part(Strict):
    count: int = 1
    wait: DurationText | None = None
    kind: Literal["red", "green"] = "red"


class Whole(Strict):
    name: str
    parts: dict[str, Part] = {}  # noqa: RUF012 - pydantic copies defaults
    row: tuple[Part, ...] = ()
    either: int | str | None = None


@dataclass(frozen=True)
class Plain:
    a: int
    b: tuple[int, ...] = ()


def wrong(text: str, model: type[Any] = Whole) -> list[tuple[str, str, str, str | None]]:
    mistakes = Mistakes()
    assert fill(read_yaml(text, "f"), model, mistakes) is None
    return [(found.code, str(found.place), found.message, found.suggestion) for found in mistakes.found]


def test_what_fits_fills_the_model() -> None:
    mistakes = Mistakes()
    whole = fill(read_yaml("name: x\nparts: {a: {wait: 2s}}\nrow: [{count: 3}]\n", "f"), Whole, mistakes)
    assert whole == Whole(name="x", parts={"a": Part.model_construct(wait=2_000_000)}, row=(Part(count=3),))
    assert mistakes.found == ()


def test_every_mistake_is_told_with_its_place() -> None:
    text = """\
name: 5
parts:
  a: {count: "2", wait: 30, kind: gren}
  b:
    cuont: 3
    wait: 3 fortnights
row:
  - count: true
either: [1]
"""
    assert wrong(text) == [
        ("MSA-L013", "f:1:7", "'name' must be text, not 5", None),
        ("MSA-L013", "f:3:14", "'count' must be a whole number, not the text '2'", None),
        ("MSA-L015", "f:3:25", "'30' has no unit; write 30ms or 30s", None),
        ("MSA-L014", "f:3:35", "'kind' must be red or green", "green"),
        ("MSA-L010", "f:5:5", "unknown key 'cuont' in 'b'", "count"),
        (
            "MSA-L014", "f:6:11",
            "unknown unit 'fortnights' in '3 fortnights'; there are us, ms, s, m or h", None,
        ),
        ("MSA-L013", "f:8:12", "'count' must be a whole number, not true", None),
        ("MSA-L013", "f:9:9", "'either' must be a whole number or text, not a list", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("parts: {}\n", ("MSA-L011", "f:1:1", "missing key 'name'", None)),
        ("[1]\n", ("MSA-L013", "f:1:1", "the file must be a mapping, not a list", None)),
        ("just text\n", ("MSA-L013", "f:1:1", "the file must be a mapping, not the text 'just text'", None)),
        ("name:\n", ("MSA-L013", "f:1:6", "'name' must be text, not nothing", None)),
    ],
)
def test_the_root_can_be_wrong_too(text: str, mistake: tuple[str, str, str, str | None]) -> None:
    assert wrong(text) == [mistake]


def test_a_part_of_a_document_fills_a_plain_dataclass_as_strictly() -> None:
    document = read_yaml("x: {a: 1, b: [1, 2]}\ny: {a: 1, c: 1}\n", "f")
    mistakes = Mistakes()
    assert fill_at(document, ("x",), Plain, mistakes) == Plain(1, (1, 2))
    assert fill_at(document, ("y",), list[Plain] | Plain, mistakes) is None
    assert [(str(found.place), found.message) for found in mistakes.found] == [
        ("f:2:4", "'y' must be a list, not a mapping"),
        ("f:2:11", "unknown key 'c' in 'y'"),
    ]


def test_what_is_right_can_be_salvaged() -> None:
    document = read_yaml("parts: {a: {count: x, kind: green}, b: 5}\nrow: [{count: 1}, {count: y}]\n", "f")
    row = (Part(count=1), Part())
    assert salvage(document, Whole, {"name": "?"}) == Whole(
        name="?", parts={"a": Part(kind="green")}, row=row
    )


def test_mistakes_are_raised_together() -> None:
    mistakes = Mistakes()
    fill(read_yaml("nam: 1\n", "f"), Whole, mistakes)
    with pytest.raises(InvalidFile, match="missing key 'name'; f:1:1: unknown key 'nam'") as raised:
        mistakes.raise_if_any()
    assert raised.value.exit_code == 3


@pytest.mark.parametrize(
    "text", ["row: [{count: 1}, 5]\n", "row: [{wait: 5, cuont: 1}]\nparts: 5\n", "- 1\n", "either: [[[1]]]\n"]
)
def test_a_part_too_wrong_to_salvage_is_left_out(text: str) -> None:
    salvaged = salvage(read_yaml(text, "f"), Whole, {"name": "?"})
    assert (salvaged.parts, salvaged.either) == ({}, None)
    assert salvaged.row in ((), (Part(),))


class Picky(Strict):
    name: str
    other: int = 0

    @model_validator(mode="after")
    def alone(self) -> Picky:
        if self.other:
            raise ValueError("name and other do not go together")
        return self


def test_where_nothing_can_be_salvaged_the_head_is_all() -> None:
    document = read_yaml("name: x\nother: 1\n", "f")
    assert salvage(document, Picky, {"name": "?"}) == Picky(name="?")
    assert wrong("name: x\nother: 1\n", Picky) == [
        ("MSA-L014", "f:1:1", "name and other do not go together", None)
    ]


class Amounts(Strict):
    price: MoneyText
    took: DistributionText
    words: dict[Literal["red", "green"], int] = {}  # noqa: RUF012 - as above


def test_quantities_are_read_from_text_only() -> None:
    mistakes = Mistakes()
    filled = fill(read_yaml("price: 12.50 EUR\ntook: exp(2ms)\n", "f"), Amounts, mistakes)
    assert filled is not None
    assert (filled.price, filled.took) == (Money(1250), Exponential(Duration(2_000)))
    assert wrong("price: 12.50\ntook: [1ms]\nwords: {gren: 1}\n", Amounts) == [
        ("MSA-L015", "f:1:8", "'12.50' has no currency; write 12.50 EUR", None),
        (
            "MSA-L013",
            "f:2:7",
            "'took' must be a duration such as 5ms or a distribution such as exp(2ms)",
            None,
        ),
        ("MSA-L014", "f:3:9", "'gren' must be red or green", "green"),
    ]
