from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from msa_lab.scenario import event_filter
from msa_lab.scenario.expressions import InvalidExpression
from msa_lab.telemetry.events import LogEvent

NAMES = ("kind", "t", "seq", "operation", "took", "service", "reason")
FUNCTIONS = ("min", "max", "sum", "len", "abs", "count", "each")
SIGNS = ("(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "=")
CONSTANTS = ("0", "1", "2.5", "999999999999999", "3s", "10ms", "5%", "24.90 EUR", '"commit"', "'x'")
WORDS = (*NAMES, *FUNCTIONS, *SIGNS, *CONSTANTS, "and", "or", "not", "in", "true", "false")
EVENTS = st.builds(
    LogEvent,
    seq=st.integers(0, 2**40),
    t=st.integers(0, 2**40),
    kind=st.sampled_from(["commit", "call.failed"]),
    detail=st.dictionaries(
        st.sampled_from(["operation", "took", "reason"]),
        st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers())),
    ),
)


def never_raises(text: str, event: LogEvent) -> None:
    try:
        test = event_filter(text)
    except InvalidExpression as invalid:
        for problem in invalid.problems:
            assert 0 <= problem.offset <= len(text)
            assert problem.length >= 1
    else:
        assert isinstance(test(event), bool)


@given(st.text(max_size=1_200), EVENTS)
def test_any_text_is_a_filter_or_a_mistake(text: str, event: LogEvent) -> None:
    never_raises(text, event)


@given(st.lists(st.sampled_from(WORDS), max_size=60), EVENTS)
def test_any_words_are_a_filter_or_a_mistake(words: list[str], event: LogEvent) -> None:
    never_raises(" ".join(words), event)


NUMBERS = st.sampled_from(["seq", "took", "1", "0", "2.5", "999999999999999", "(seq - 1)", "-took"])
SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.builds(
        "{} {} {}".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner
    ) | st.builds("max({}, {})".format, inner, inner) | st.builds("({})".format, inner),
    max_leaves=12,
)  # fmt: skip


@given(SUMS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), SUMS, EVENTS)
def test_arithmetic_is_total(left: str, sign: str, right: str, event: LogEvent) -> None:
    assert event_filter(f"{left} {sign} {right}")(event) in (True, False)


@given(st.integers(-1_000, 1_000), st.integers(-1_000, 1_000), st.integers(-1_000, 1_000))
def test_precedence_is_that_of_arithmetic(a: int, b: int, c: int) -> None:
    event = LogEvent(seq=0, t=0, kind="commit", detail={})
    expected = a + b * c - (a - c)

    assert event_filter(f"{a} + {b} * {c} - ({a} - {c}) == {expected}")(event)
