from random import Random

from hypothesis import given
from hypothesis import strategies as st

from msa_lab.resilience.breaker import CircuitBreaker
from msa_lab.resilience.bulkhead import ConcurrencyLimit
from msa_lab.resilience.hedge import HedgeDelay
from msa_lab.resilience.ratelimit import TokenBucket
from msa_lab.resilience.retry import RetryBudget, backoff, pause
from msa_lab.resilience.timeout import try_timeout
from msa_lab.sdk.policy import Breaker, Bulkhead, Retry
from msa_lab.sdk.values import Duration, Instant

retries = st.builds(
    Retry,
    attempts=st.integers(1, 8),
    base=st.integers(1, 10**6).map(Duration),
    cap=st.integers(10**6, 10**8).map(Duration),
    jitter=st.sampled_from(["none", "equal", "full", "decorrelated"]),
)


@given(retries, st.integers(0, 2**32))
def test_pauses_are_bounded_and_as_many_as_the_attempts_allow(retry: Retry, seed: int) -> None:
    draw = Random(seed)
    previous = 0
    pauses = []
    for attempt in range(1, retry.attempts + 3):
        wait = pause(retry, attempt, draw, previous)
        if wait is None:
            break
        pauses.append(wait)
        previous = wait

    assert len(pauses) == retry.attempts - 1
    assert all(0 <= wait <= retry.cap for wait in pauses)


@given(retries, st.integers(1, 200), st.integers(0, 10**8), st.integers(0, 2**32))
def test_each_jitter_keeps_to_its_formula(retry: Retry, attempt: int, previous: int, seed: int) -> None:
    wait = backoff(retry, attempt, Random(seed), previous)
    longest = min(retry.cap, retry.base * 2 ** (attempt - 1))

    match retry.jitter:
        case "none":
            assert wait == longest
        case "equal":
            assert longest // 2 <= wait <= longest
        case "full":
            assert 0 <= wait <= longest
        case "decorrelated":
            assert min(retry.cap, retry.base) <= wait <= max(retry.base, 3 * (previous or retry.base))


@given(st.floats(0, 1), st.lists(st.booleans(), max_size=300))
def test_retries_never_exceed_their_share_of_first_tries(share: float, steps: list[bool]) -> None:
    budget = RetryBudget(share)
    first = again = 0
    for is_first in steps:
        if is_first:
            budget.earn()
            first += 1
        else:
            again += budget.spend()

        assert again * 1_000_000 <= first * round(share * 1_000_000)


calls = st.lists(st.tuples(st.integers(0, 50), st.booleans(), st.booleans()), max_size=120)


@given(calls, st.integers(1, 5), st.integers(0, 5), st.integers(1, 3))
def test_a_breaker_keeps_its_promises(
    steps: list[tuple[int, bool, bool]], failures: int, more: int, probes: int
) -> None:
    settings = Breaker(failures=failures, window=failures + more, open_for=Duration(100), probes=probes)
    breaker = CircuitBreaker(settings)
    now = 0
    shut_until = 0
    recent: list[bool] = []
    probing: list[bool] = []
    for wait, answered, ok in steps:
        now += wait
        before = breaker.state
        allowed = breaker.allow(Instant(now))
        assert allowed or before != "closed"
        assert not (allowed and before == "open" and now < shut_until)
        if before == "open" and allowed:
            probing = []
        if not (allowed and answered):
            continue
        if breaker.state == "half-open":
            probing.append(ok)
        else:
            recent = [*recent, ok][-settings.window :]
        change = breaker.record(Instant(now), ok=ok)
        if change == "opened":
            assert recent.count(False) == failures
            recent = []
        if change == "closed":
            assert all(probing)
            assert len(probing) >= 1
            recent = []
        if breaker.state == "open":
            shut_until = now + settings.open_for


@given(st.integers(0, 5), st.lists(st.booleans(), max_size=100))
def test_a_bulkhead_never_holds_more_than_its_limit(limit: int, steps: list[bool]) -> None:
    bulkhead = ConcurrencyLimit(Bulkhead(limit=limit))
    inside = 0
    for enters in steps:
        if enters:
            taken = bulkhead.enter()
            assert taken == (inside < limit)
            inside += taken
        elif inside:
            bulkhead.leave()
            inside -= 1

        assert bulkhead.in_use == inside <= limit


@given(st.integers(1, 50), st.integers(1, 10), st.lists(st.integers(0, 10**6), min_size=1, max_size=100))
def test_a_token_bucket_never_lets_through_more_than_burst_and_rate(
    rate: int, burst: int, waits: list[int]
) -> None:
    bucket = TokenBucket(rate, burst)
    now = passed = 0
    for wait in waits:
        now += wait
        passed += bucket.allow(Instant(now))

        assert passed * 10**6 <= burst * 10**6 + now * rate


@given(st.integers(1, 50), st.integers(1, 3), st.integers(0, 10**6))
def test_the_wait_a_bucket_names_is_enough_and_not_too_long(rate: int, burst: int, now: int) -> None:
    bucket = TokenBucket(rate, burst)
    while bucket.allow(Instant(now)):
        pass
    wait = bucket.wait(Instant(now))

    assert wait is not None
    assert not bucket.allow(Instant(now + wait - 1))
    assert bucket.allow(Instant(now + wait))


@given(st.integers(0, 10**6), st.none() | st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_try_ends_by_its_timeout_and_by_the_deadline(timeout: int, deadline: int | None, now: int) -> None:
    left = try_timeout(Duration(timeout), None if deadline is None else Instant(deadline), Instant(now))

    assert 0 <= left <= timeout
    assert deadline is None or left == 0 or now + left <= deadline


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=80), st.integers(1, 30))
def test_the_hedge_delay_is_the_quantile_of_the_window(took: list[int], window: int) -> None:
    hedge = HedgeDelay(quantile=0.9, window=window, least=1)
    for duration in took:
        hedge.observe(Duration(duration))
    kept = sorted(took[-window:])

    assert hedge.delay() == kept[min(len(kept) - 1, int(0.9 * len(kept)))]
