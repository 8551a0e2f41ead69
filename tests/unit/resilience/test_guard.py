from random import Random

import pytest

from msa_lab.resilience.guard import CallGuard
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import BreakerOpen, DeadlineExceeded, Timeout, Unavailable
from msa_lab.sdk.policy import Breaker, Bulkhead, CallPolicy, Retry
from msa_lab.sdk.values import Duration, Instant, ms, seconds

ALL_ON = dict.fromkeys(("breaker", "bulkhead", "retry", "idempotency", "timeout_budget"), "on")
POLICY = CallPolicy(
    timeout=ms(200),
    retry=Retry(attempts=3, base=ms(10), jitter="none"),
    breaker=Breaker(failures=2, window=2),
    bulkhead=Bulkhead(limit=1),
)
LOOK = Operation("shelf.look", "GET", "/look", str, str)
SELL = Operation("shelf.sell", "POST", "/sell", str, str)
NOW = Instant(seconds(5))


def guard(policy: CallPolicy = POLICY) -> CallGuard:
    return CallGuard(policy, ALL_ON, Random(1))


def test_a_try_takes_no_longer_than_the_policy_says_and_the_deadline_leaves() -> None:
    watched = guard()

    assert watched.limit(None, None, None, NOW) == ms(200)
    assert watched.limit(None, ms(50), None, NOW) == ms(50)
    assert watched.limit(None, None, Instant(NOW + ms(30)), NOW) == ms(30)
    with pytest.raises(DeadlineExceeded):
        watched.limit(None, None, NOW, NOW)


def test_each_operation_has_a_breaker_of_its_own() -> None:
    watched = guard()
    broken = watched.breaker("shelf.sell")
    assert broken is not None
    broken.record(NOW, ok=False)
    broken.record(NOW, ok=False)

    with pytest.raises(BreakerOpen):
        watched.limit(watched.breaker("shelf.sell"), None, None, NOW)
    assert watched.limit(watched.breaker("shelf.look"), None, None, NOW) == ms(200)


def test_pauses_grow_until_the_tries_are_used_up() -> None:
    watched = guard()

    assert [watched.pause(Unavailable(), SELL, attempt, Duration(0)) for attempt in (1, 2, 3)] == [
        ms(10), ms(20), None,
    ]  # fmt: skip


def test_what_may_have_happened_is_tried_again_only_where_that_is_harmless() -> None:
    watched = guard()

    assert watched.pause(Timeout(), LOOK, 1, Duration(0)) == ms(10)
    assert watched.pause(Timeout(), SELL, 1, Duration(0)) is None


def test_a_budget_lets_a_call_retry_only_when_calls_have_earned_it() -> None:
    watched = guard(CallPolicy(retry=Retry(base=ms(10), jitter="none", budget=0.5)))
    watched.begin()
    assert watched.pause(Unavailable(), LOOK, 1, Duration(0)) is None

    watched.begin()
    assert watched.pause(Unavailable(), LOOK, 1, Duration(0)) == ms(10)
    assert watched.pause(Unavailable(), LOOK, 1, Duration(0)) is None


def test_what_is_switched_off_does_not_decide() -> None:
    off = CallGuard(POLICY, dict.fromkeys(ALL_ON, "off"), Random(1))

    assert off.breaker("shelf.sell") is None
    assert off.bulkhead is None
    assert off.pause(Unavailable(), LOOK, 1, Duration(0)) is None
    assert (off.keyed, off.budgeted) == (False, False)


def test_what_the_policy_does_not_name_does_not_decide() -> None:
    bare = guard(CallPolicy(breaker=None, bulkhead=None))

    assert bare.breaker("shelf.sell") is None
    assert bare.bulkhead is None


def test_the_bulkhead_has_as_many_places_as_the_policy_says() -> None:
    bulkhead = guard().bulkhead

    assert bulkhead is not None
    assert [bulkhead.enter(), bulkhead.enter()] == [True, False]
