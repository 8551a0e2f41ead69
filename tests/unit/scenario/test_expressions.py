from __future__ import annotations

from operator import itemgetter
from typing import Any

import pytest

from msa_lab.scenario.expressions import (
    AMOUNT,
    BOOL,
    DURATION,
    NUMBER,
    TEXT,
    Argument,
    InvalidExpression,
    Symbol,
    Type,
    Unresolved,
    compile_expression,
    list_of,
)
from msa_lab.source import did_you_mean


class Shop:
    """Names: state (text), due (amount), took (duration), count, list, and each(fault).touched."""

    names = {  # noqa: RUF012 - never altered
        "state": Symbol(TEXT, itemgetter("state"), choices=("OPEN", "DONE")),
        "due": Symbol(AMOUNT, itemgetter("due")),
        "took": Symbol(DURATION, itemgetter("took")),
        "number": Symbol(NUMBER, itemgetter("number")),
        "sizes": Symbol(list_of(NUMBER), itemgetter("sizes")),
        "open": Symbol(BOOL, itemgetter("open")),
    }

    def name(self, path: str) -> Symbol:
        if path in self.names:
            return self.names[path]
        raise Unresolved(f"unknown name '{path}'", did_you_mean(path, self.names))

    def call(self, path: str, arguments: tuple[Argument, ...]) -> Symbol:
        if path == "count" and len(arguments) == 1 and arguments[0].is_name:
            return Symbol(NUMBER, lambda _: len(str(arguments[0].value)))
        raise Unresolved("no such function", part="argument")

    def each(self, entity: str, attribute: str) -> Symbol:
        if entity != "fault":
            raise Unresolved("no such entity", part="argument")
        return Symbol(list_of(NUMBER), itemgetter(attribute))


FRAME: dict[str, Any] = {
    "state": "OPEN", "due": 2490, "took": 3_000_000, "number": 4, "sizes": (1, 2, 3), "open": True,
    "touched": (2, 5),
}  # fmt: skip


def value(text: str, wanted: Type = BOOL) -> object:
    return compile_expression(text, Shop(), wanted).evaluate(FRAME)


@pytest.mark.parametrize(
    "text",
    [
        "number == 4",
        "number + 2 * 3 == 10",
        "(number + 2) * 3 == 18",
        "10 - number - 1 == 5",
        "-number < 0",
        "number / 8 == 0.5",
        "number / 0 == 0",
        "took == 3s and took == 3000ms and took < 1m",
        "took / 2 == 1.5s",
        "took / 1s == 3",
        "due == 24.90 EUR and due == 2490",
        "80% == 0.8",
        'state == "OPEN"',
        "state != 'DONE'",
        'state in ["OPEN", "DONE"]',
        'state not in ["DONE"]',
        "not open or number == 4",
        "not (open and number == 5)",
        "true and not false",
        "sum(sizes) == 6 and len(sizes) == 3 and max(sizes) == 3",
        "min(number, 3) == 3 and abs(-2) == 2",
        "count(order.placed) == 12",
        "each(fault).touched >= 2",
        "not each(fault).touched >= 3",
        "sum(each(fault).touched) == 7",
        "sizes != 9",
    ],
)
def test_this_is_true(text: str) -> None:
    assert value(text) is True


@pytest.mark.parametrize(
    ("text", "message", "offset", "length", "suggestion"),
    [
        ("nmber > 1", "unknown name 'nmber'", 0, 5, "number"),
        ("number > took", "number > duration cannot be compared", 0, 13, None),
        ("took < 3", "3 has no unit; write 3ms or 3s", 7, 1, None),
        ('state == "OPNE"', "it is never 'OPNE'", 9, 6, "OPEN"),
        ('state in ["DONE", "OPE"]', "it is never 'OPE'", 18, 5, "OPEN"),
        ("1 < 2 < 3", "compare two at a time", 6, 1, None),
        ("number + 1", "a truth value is wanted here, this is a number", 0, 10, None),
        ("took < 3 parsecs", "'parsecs' was not expected here", 9, 7, None),
        ("took < 3parsecs", "'parsecs' is no unit", 8, 7, None),
        ("number = 4", "'=' does not belong here", 7, 1, "=="),
        ("(number > 1", "')' is missing after the '('", 11, 1, None),
        ("number >", "something is missing at the end", 8, 1, None),
        ('state == "OPEN', "this text is never closed", 9, 5, None),
        ("open + 1 > 2", "'+' takes numbers, not truth value", 0, 4, None),
        ("number and open", "'and' takes a truth value, not a number", 0, 6, None),
        ("count(3) > 1", "no such function", 6, 1, None),
        ("each(foult).touched > 1", "no such entity", 5, 5, None),
        ("sum(4) > 1", "sum() takes a list", 0, 6, None),
        ("each(fault) > 1", "each is written so: each(fault).touched", 0, 11, None),
        ("took * took > 1", "duration * duration makes no sense", 0, 11, None),
        ("due == 1.005 EUR", "an amount of money has at most two decimals", 7, 9, None),
    ],
)
def test_a_mistake_says_what_and_where(
    text: str, message: str, offset: int, length: int, suggestion: str | None
) -> None:
    with pytest.raises(InvalidExpression) as caught:
        compile_expression(text, Shop())

    (problem,) = caught.value.problems
    assert (problem.message, problem.offset, problem.length, problem.suggestion) == (
        message, offset, length, suggestion,
    )  # fmt: skip


def test_all_unknown_names_are_told_at_once() -> None:
    with pytest.raises(InvalidExpression) as caught:
        compile_expression("nmber > 1 and stat == state", Shop())

    assert [problem.suggestion for problem in caught.value.problems] == ["number", "state"]


@pytest.mark.parametrize(
    "text", ["(" * 400 + "1", "1" + "+1" * 400, "not " * 200 + "true", "-" * 900 + "1", "[" * 900, "x" * 2000]
)
def test_what_is_too_deep_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidExpression):
        compile_expression(text, Shop())


def test_huge_numbers_do_no_harm() -> None:
    huge = " * ".join(["999999999999999"] * 50)

    assert value(f"{huge} * 0.5 >= 0") is True


def test_what_was_observed_is_said_in_the_authors_words() -> None:
    compiled = compile_expression("due > 0 and took < 3s and each(fault).touched > 1", Shop())

    assert compiled.observed(FRAME) == "due = 2490, took = 3s, each(fault).touched = [2, 5]"
