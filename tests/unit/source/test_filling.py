from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from msa_lab.source import DurationText, InvalidFile, Mistakes, Strict, fill, fill_at, read_yaml, salvage


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
