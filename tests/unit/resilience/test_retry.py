from random import Random

import pytest

from msa_lab.resilience.retry import RetryBudget, backoff, pause, retryable
from msa_lab.sdk.failures import (
    BreakerOpen,
    BulkheadFull,
    Conflict,
    ConnectionLost,
    DeadlineExceeded,
    InvalidRequest,
    NotFound,
    Overloaded,
    RemoteFailure,
    Timeout,
    Unavailable,
)
from msa_lab.sdk.policy import Jitter, Retry
from msa_lab.sdk.values import ms


class Always:
    """Chance that always draws the same."""

    def __init__(self, value: float) -> None:
        self._value = value

    def random(self) -> float:
        return self._value


def test_without_jitter_the_pause_doubles_up_to_the_cap() -> None:
    retry = Retry(attempts=6, base=ms(50), cap=ms(300), jitter="none")

    pauses = [pause(retry, attempt, Always(0.5)) for attempt in range(1, 7)]

    assert pauses == [50_000, 100_000, 200_000, 300_000, 300_000, None]


@pytest.mark.parametrize(
    ("jitter", "drawn", "expected"),
    [
        ("full", 0.0, 0),
        ("full", 0.75, 150_000),
        ("equal", 0.0, 100_000),
        ("equal", 0.5, 150_000),
        ("decorrelated", 0.0, 50_000),
        ("decorrelated", 0.5, 325_000),  # halfway from 50 ms to three times 200 ms
    ],
)
def test_jitter_spreads_the_third_pause(jitter: Jitter, drawn: float, expected: int) -> None:
    retry = Retry(attempts=9, base=ms(50), cap=ms(2_000), jitter=jitter)

    assert pause(retry, 3, Always(drawn), previous=200_000) == expected


def test_decorrelated_jitter_starts_from_the_base_and_respects_the_cap() -> None:
    retry = Retry(base=ms(50), cap=ms(100), jitter="decorrelated")

    assert backoff(retry, 1, Always(0.5)) == 100_000
    assert backoff(retry, 2, Always(0.99), previous=100_000) == 100_000
    assert backoff(retry, 1, Always(0.0)) == 50_000


def test_one_attempt_means_no_retry() -> None:
    assert pause(Retry(attempts=1), 1, Always(0.5)) is None


def test_backoff_goes_on_beyond_the_attempts() -> None:
    assert backoff(Retry(attempts=2, jitter="none"), 5_000, Always(0.0)) == 2_000_000


@pytest.mark.parametrize("failure", [Unavailable(), Overloaded()])
def test_what_certainly_did_not_happen_may_be_repeated(failure: Exception) -> None:
    assert retryable(failure, safe=False, keyed=False)


@pytest.mark.parametrize(
    "failure", [BreakerOpen(), BulkheadFull(), InvalidRequest(), DeadlineExceeded(), NotFound(), Conflict()]
)
def test_what_cannot_be_helped_is_never_repeated(failure: Exception) -> None:
    assert not retryable(failure, safe=True, keyed=True)


@pytest.mark.parametrize("failure", [Timeout(), ConnectionLost(), RemoteFailure()])
def test_what_may_have_happened_is_repeated_only_where_twice_is_once(failure: Exception) -> None:
    assert retryable(failure, safe=True, keyed=False)
    assert retryable(failure, safe=False, keyed=True)
    assert not retryable(failure, safe=False, keyed=False)


def test_a_budget_of_a_tenth_pays_one_retry_for_ten_first_tries() -> None:
    budget = RetryBudget(0.1)

    spent = []
    for _ in range(30):
        budget.earn()
        spent.append(budget.spend())

    assert [index for index, paid in enumerate(spent) if paid] == [9, 19, 29]


def test_a_budget_keeps_no_more_than_its_reserve() -> None:
    budget = RetryBudget(0.5, reserve=2)
    for _ in range(1_000):
        budget.earn()

    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_seeded_draws_repeat() -> None:
    first, second = Random(7), Random(7)

    assert [backoff(Retry(), 4, first) for _ in range(5)] == [backoff(Retry(), 4, second) for _ in range(5)]
