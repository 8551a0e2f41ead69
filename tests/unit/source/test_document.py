from __future__ import annotations

import pytest

from msa_lab.source import Path, Place, read_yaml

TEXT = """\
name: word
box: {a: [1, two], b: "c d"}
list:
  - x: 1
    y: 2
  - 3
"""


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        (("name",), False, (1, 7, 4)),
        (("name",), True, (1, 1, 4)),
        (("box",), False, (2, 6, 1)),
        (("box", "a", 1), False, (2, 14, 3)),
        (("box", "b"), False, (2, 23, 5)),
        (("list",), False, (3, 1, 4)),
        (("list", 0, "y"), True, (5, 5, 1)),
        (("list", 1), False, (6, 5, 1)),
        (("list", 0, "z"), False, (4, 5, 1)),
        (("box", "nothing", 5), False, (2, 1, 3)),
    ],
)
def test_every_key_and_value_has_its_place(path: Path, key: bool, place: tuple[int, int, int]) -> None:  # noqa: FBT001 - a case
    assert read_yaml(TEXT, "f.yaml").place(path, key=key) == Place("f.yaml", *place)


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("a: abc def", 4, (1, 8)),
        ('a: "abc def"', 4, (1, 9)),
        ("a: 'it''s def'", 5, (1, 11)),
        ('a: "q\\"x def"', 4, (1, 10)),
        ("a: |\n  abc\n  def", 4, (3, 3)),
        ("a: |\n  abc\n    def", 6, (3, 5)),
        ("a: >\n  abc\n  def", 4, (3, 3)),
        ("a: abc\n  def", 4, (2, 3)),
    ],
)
def test_a_place_within_a_text_follows_quotes_and_lines(
    text: str, offset: int, place: tuple[int, int]
) -> None:
    document = read_yaml(text, "f.yaml")
    assert document.data["a"][offset : offset + 3] == "def"
    found = document.place_in(("a",), offset, 3)
    assert (found.line, found.column, found.length) == (*place, 3)


def test_a_place_that_cannot_be_followed_is_that_of_the_whole_text() -> None:
    document = read_yaml('a: "\\x41bc"', "f.yaml")
    assert document.data == {"a": "Abc"}
    assert document.place_in(("a",), 1, 2) == document.place(("a",)) == Place("f.yaml", 1, 4, 8)


def test_a_place_within_does_not_leave_the_line() -> None:
    assert read_yaml("a: abc\n", "f.yaml").place_in(("a",), 1, 99).length == 2
