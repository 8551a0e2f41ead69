from __future__ import annotations

import pytest
import yaml

from msa_lab.source import InvalidFile, read_yaml


def refused(text: str) -> list[tuple[str, int, int, str]]:
    with pytest.raises(InvalidFile) as raised:
        read_yaml(text, "f.yaml")
    return [
        (found.code, found.place.line, found.place.column, found.message) for found in raised.value.mistakes
    ]


def test_values_are_read_by_the_core_schema() -> None:
    text = """\
a: 1
b: -2.5
c: true
d: null
e:
f: word
g: "5"
h: [1e3, x y]
i: {k: ~}
j: |
  two
  lines
"""
    assert read_yaml(text, "f.yaml").data == {
        "a": 1,
        "b": -2.5,
        "c": True,
        "d": None,
        "e": None,
        "f": "word",
        "g": "5",
        "h": [1000.0, "x y"],
        "i": {"k": None},
        "j": "two\nlines\n",
    }


def test_keys_are_always_text() -> None:
    assert read_yaml('1042: 1\n"on": 2\n0755: 3\n', "f.yaml").data == {"1042": 1, "on": 2, "0755": 3}


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    document = read_yaml("\ufeffa: 1\r\nb: word\r\n", "f.yaml")
    assert document.data == {"a": 1, "b": "word"}
    assert str(document.place(("b",))) == "f.yaml:2:4"


def test_all_lexical_mistakes_are_told_at_once() -> None:
    text = "a: yes\nb: &x 1\nc: *x\na: 2\nd: !!str 5\n<<: {}\noff: 1\n"
    assert refused(text) == [
        ("MSA-L003", 1, 4, "yes is read as true by some and as text by others"),
        ("MSA-L004", 2, 4, "anchors such as &x are not read"),
        ("MSA-L004", 3, 4, "aliases such as *x are not read"),
        ("MSA-L002", 4, 1, "key 'a' stands twice, first in line 1"),
        ("MSA-L004", 5, 4, "tags such as 'tag:yaml.org,2002:str' are not read"),
        ("MSA-L004", 6, 1, "merge keys (<<) are not read"),
        ("MSA-L003", 7, 1, "key 'off' is not text to every reader"),
    ]


def test_mistakes_before_an_error_of_syntax_are_told_with_it() -> None:
    assert [found[:3] for found in refused("a: 0755\nb: [1\n")] == [("MSA-L003", 1, 4), ("MSA-L001", 2, 6)]


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("", "MSA-L001", 1, 1),
        ("# nothing but a comment\n", "MSA-L001", 1, 1),
        ("a: 1\n b: 2\n", "MSA-L001", 2, 3),
        ("a:\n\t- b\n", "MSA-L001", 2, 1),
        ("? [a]\n: b\n", "MSA-L001", 1, 3),
        (": b\n", "MSA-L001", 1, 1),
        ("*a : b\n", "MSA-L004", 1, 1),
        ("a: b\n---\nc: d\n", "MSA-L008", 2, 1),
        ("a: \0b\n", "MSA-L007", 1, 4),
        ("a: b\nc: \ud800\n", "MSA-L007", 2, 4),
        ("a: b\rc: d\n", "MSA-L007", 1, 5),
        ("a: b\u2028c: d\n", "MSA-L007", 1, 5),
        ("[" * 100_000, "MSA-L005", 1, 34),
        ("- " * 1_000, "MSA-L005", 1, 67),
        ("a: " + "x" * 1_048_576, "MSA-L006", 1, 1),
        ("a: " + "\u20ac" * 400_000, "MSA-L006", 1, 1),
        ("- \n" * 50_001, "MSA-L006", 50_000, 2),
    ],
)
def test_what_is_refused_has_its_place(text: str, code: str, line: int, column: int) -> None:
    assert [found[:3] for found in refused(text)] == [(code, line, column)]


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 30))
    assert {found[0] for found in refused(bomb)} == {"MSA-L004"}


def test_the_deepest_and_the_largest_files_allowed_are_read() -> None:
    assert read_yaml("[" * 32 + "]" * 32, "f.yaml").place((0,) * 31).column == 32
    assert len(read_yaml("a: " + "x" * (1_048_576 - 3), "f.yaml").data["a"]) == 1_048_573


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, 'y', \"z\"]\nc: {d: |\n  e\n}\n",
        "a: 1\nb: [x, 'y']\nc:\n- d: >-\n    e\n    f\n",
        "a: yes\nb: &x 1\nc: *x\na: 2\nd: !!str 5\n",
        "[" * 1_000,
        "a: [1\n",
    ],
)
def test_without_libyaml_files_read_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> object:
        try:
            document = read_yaml(text, "f.yaml")
        except InvalidFile as invalid:
            return [(found.code, found.place.line, found.place.column) for found in invalid.mistakes]
        return document.data, document.spots

    with_libyaml = read()
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert read() == with_libyaml


@pytest.mark.parametrize("text", ['a: "\\ud800"\n', 'a: "\\U00110000"\n', '"\\udfff": 1\n'])
@pytest.mark.parametrize("libyaml", [True, False])
def test_escapes_of_no_character_are_refused(
    text: str,
    libyaml: bool,  # noqa: FBT001 - a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not libyaml:
        monkeypatch.delattr(yaml, "CSafeLoader")
    assert refused(text)
