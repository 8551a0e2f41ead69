from msa_lab.resilience.ratelimit import TokenBucket
from msa_lab.sdk.values import Instant


def test_it_lets_the_burst_through_then_the_rate() -> None:
    bucket = TokenBucket(rate=10, burst=2)

    assert [bucket.allow(Instant(0)) for _ in range(3)] == [True, True, False]
    assert [bucket.allow(Instant(t)) for t in (99_999, 100_000, 100_001)] == [False, True, False]


def test_it_tells_how_long_to_wait() -> None:
    bucket = TokenBucket(rate=3, burst=1)
    assert bucket.wait(Instant(0)) == 0
    bucket.allow(Instant(0))

    wait = bucket.wait(Instant(0))

    assert wait == 333_334
    assert not bucket.allow(Instant(333_333))
    assert bucket.allow(Instant(333_334))


def test_a_rate_of_nothing_is_never_refilled() -> None:
    bucket = TokenBucket(rate=0, burst=1)

    assert [bucket.allow(Instant(t)) for t in (0, 10**12)] == [True, False]
    assert bucket.wait(Instant(0)) is None


def test_a_clock_that_steps_back_earns_nothing() -> None:
    bucket = TokenBucket(rate=1, burst=1)
    bucket.allow(Instant(5_000_000))

    assert not bucket.allow(Instant(0))
    assert not bucket.allow(Instant(5_999_999))
    assert bucket.allow(Instant(6_000_000))
