from __future__ import annotations

import pytest

from msa_lab.sdk import Constant, Exponential, LogNormal, Money, Normal, Pareto, Uniform
from msa_lab.sdk.values import Duration
from msa_lab.source import MissingUnit, format_duration, parse_distribution, parse_duration, parse_money


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("250ms", 250_000),
        ("30s", 30_000_000),
        ("2m", 120_000_000),
        ("1h", 3_600_000_000),
        ("10us", 10),
        ("0.2ms", 200),
        ("1.5 s", 1_500_000),
        ("0s", 0),
        ("1000h", 3_600_000_000_000),
    ],
)
def test_durations_are_exact_microseconds(text: str, microseconds: int) -> None:
    assert parse_duration(text) == microseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("soon", "'soon' is not a duration such as 250ms, 30s, 2m or 1h"),
        ("-1s", "'-1s' is not a duration"),
        ("1,5s", "'1,5s' is not a duration"),
        ("007s", "'007s' is not a duration"),
        ("1\u00a0s", "is not a duration"),
        ("3d", "unknown unit 'd' in '3d'"),
        ("1S", "unknown unit 'S' in '1S'"),
        ("0.5us", "'0.5us' is not a whole number of microseconds"),
        ("1001h", "'1001h' is longer than 1000h"),
        ("9" * 100 + "s", "is not a duration"),
        ("\u0663s", "is not a duration"),
    ],
)
def test_what_is_no_duration_is_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_duration(text)


def test_a_number_without_a_unit_is_a_mistake_of_its_own() -> None:
    with pytest.raises(MissingUnit, match="'30' has no unit; write 30ms or 30s"):
        parse_duration("30")
    with pytest.raises(MissingUnit):
        parse_distribution("uniform(1ms, 3)")
    with pytest.raises(MissingUnit, match=r"'12\.50' has no currency; write 12\.50 EUR"):
        parse_money("12.50")


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ("5ms", Constant(Duration(5_000))),
        ("exp(2ms)", Exponential(Duration(2_000))),
        ("uniform(1ms, 3ms)", Uniform(Duration(1_000), Duration(3_000))),
        ("lognormal(5ms, 0.4)", LogNormal(Duration(5_000), 0.4)),
        ("normal(10ms,2ms)", Normal(Duration(10_000), Duration(2_000))),
        ("pareto( 1ms, 1.5 )", Pareto(Duration(1_000), 1.5)),
    ],
)
def test_distributions_are_read(text: str, distribution: object) -> None:
    assert parse_distribution(text) == distribution


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("expo(2ms)", "unknown distribution 'expo'.*did you mean 'exp'"),
        ("exp(1ms, 2ms)", r"exp takes 1 value: exp\(2ms\)"),
        ("uniform()", r"uniform takes 2 values: uniform\(1ms, 3ms\)"),
        ("uniform(3ms, 1ms)", "the second value must not be below the first"),
        ("lognormal(5ms, 1ms)", "'1ms' in lognormal must be a bare number"),
        ("lognormal(5ms, 11)", "'11' in lognormal must lie between 0 and 10"),
        ("pareto(1ms, 0)", "'0' in pareto must lie between 0.1 and 1000"),
        ("exp((2ms))", "is not a distribution such as"),
        ("exp(2ms", "is not a distribution such as"),
    ],
)
def test_what_is_no_distribution_is_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_distribution(text)


@pytest.mark.parametrize(
    ("text", "money"), [("12.50 EUR", Money(1250)), ("-3 USD", Money(-300, "USD")), ("0.05 EUR", Money(5))]
)
def test_amounts_are_exact(text: str, money: Money) -> None:
    assert parse_money(text) == money


@pytest.mark.parametrize("text", ["12.5 EUR", "12,50 EUR", "EUR 12", "12.50 eur", "1e3 EUR"])
def test_what_is_no_amount_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an amount such as 12\.50 EUR"):
        parse_money(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [(0, "0s"), (10, "10us"), (1_500_000, "1500ms"), (30_000_000, "30s"), (7_200_000_000, "2h")],
)
def test_durations_are_written_without_fractions(duration: int, text: str) -> None:
    assert format_duration(Duration(duration)) == text
