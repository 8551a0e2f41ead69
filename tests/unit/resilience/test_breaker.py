import pytest

from msa_lab.resilience.breaker import CircuitBreaker, blames_callee
from msa_lab.sdk.failures import BreakerOpen, BulkheadFull, NotFound, Overloaded, Timeout
from msa_lab.sdk.policy import Breaker
from msa_lab.sdk.values import Instant, ms


def breaker(*, failures: int = 2, window: int = 4, probes: int = 2) -> CircuitBreaker:
    return CircuitBreaker(Breaker(failures=failures, window=window, open_for=ms(100), probes=probes))


def opened() -> CircuitBreaker:
    made = breaker()
    made.record(Instant(0), ok=False)
    assert made.record(Instant(0), ok=False) == "opened"
    return made


def test_it_opens_at_the_set_number_of_failures_in_the_window() -> None:
    made = breaker()

    changes = [made.record(Instant(t), ok=ok) for t, ok in enumerate([False, True, True, True, False, False])]

    assert changes == [None, None, None, None, None, "opened"]
    assert not made.allow(Instant(6))


def test_open_it_lets_nothing_through_until_its_time_is_over() -> None:
    made = opened()

    assert [made.allow(Instant(t)) for t in (1, 99_999, 100_000)] == [False, False, True]


def test_half_open_it_lets_the_probes_through_and_no_more() -> None:
    made = opened()

    assert [made.allow(Instant(100_000)) for _ in range(3)] == [True, True, False]


def test_it_closes_when_all_probes_succeed() -> None:
    made = opened()
    made.allow(Instant(100_000))
    made.allow(Instant(100_001))

    assert made.record(Instant(100_002), ok=True) is None
    assert made.record(Instant(100_003), ok=True) == "closed"
    assert made.allow(Instant(100_004))
    assert made.record(Instant(100_005), ok=False) is None  # what failed before it opened is forgotten


def test_one_failed_probe_opens_it_again_for_the_whole_time() -> None:
    made = opened()
    made.allow(Instant(100_000))
    made.record(Instant(150_000), ok=False)

    assert [made.allow(Instant(t)) for t in (200_000, 249_999, 250_000)] == [False, False, True]


def test_late_answers_to_older_calls_do_not_count_as_probes() -> None:
    made = opened()
    made.allow(Instant(100_000))

    assert made.record(Instant(100_001), ok=True, sent=5) is None
    assert made.record(Instant(100_001), ok=True, sent=6) is None
    assert made.state == "half-open"


def test_probes_that_are_never_answered_are_given_up() -> None:
    made = opened()
    made.allow(Instant(100_000))
    made.allow(Instant(100_000))

    assert not made.allow(Instant(199_999))
    assert made.allow(Instant(200_000))


@pytest.mark.parametrize(
    ("failure", "blamed"),
    [
        (Timeout(), True),
        (Overloaded(), True),
        (BreakerOpen(), False),
        (BulkheadFull(), False),
        (NotFound(), False),
    ],
)
def test_only_the_callees_own_failures_count(failure: Exception, blamed: bool) -> None:  # noqa: FBT001 - a table
    assert blames_callee(failure) is blamed
