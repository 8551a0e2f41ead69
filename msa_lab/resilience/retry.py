"""Retries: what may be repeated, after which pause, and how much of it a client may do in all."""

from __future__ import annotations

from msa_lab.resilience.chance import Chance
from msa_lab.sdk.failures import BreakerOpen, BulkheadFull, CallFailure, DeadlineExceeded, InvalidRequest
from msa_lab.sdk.policy import Retry
from msa_lab.sdk.values import Duration

_HOPELESS = (BreakerOpen, BulkheadFull, InvalidRequest, DeadlineExceeded)
_LARGEST_SHIFT = 40
"""base * 2**40 is beyond any cap in use; larger powers would only cost memory."""


def retryable(failure: Exception, *, safe: bool, keyed: bool) -> bool:
    """Tell whether a failed try may be repeated.

    A definite failure (it certainly did not happen) may, unless repeating cannot help: an open breaker, a
    full bulkhead, a bad request, a deadline gone. An indefinite one may only where a second effect is
    impossible by contract: the operation is `safe` (changes nothing) or `keyed` (has an idempotency key).
    The business's answer "no" is no failure and is never repeated.
    """
    if not isinstance(failure, CallFailure) or isinstance(failure, _HOPELESS):
        return False
    return failure.definite or safe or keyed


def pause(retry: Retry, attempt: int, draw: Chance, previous: int = 0) -> Duration | None:
    """Give the pause after try number `attempt` (1 is the first), or None when the tries are used up.

    `previous` is the pause before this one, in microseconds (0: none yet); only decorrelated jitter asks.
    """
    if attempt >= retry.attempts:
        return None
    return backoff(retry, attempt, draw, previous)


def backoff(retry: Retry, attempt: int, draw: Chance, previous: int = 0) -> Duration:
    """Give the pause after try number `attempt`, however many there have been.

    With v = min(cap, base 2^(attempt-1)): `none` waits v, `equal` v/2 + U(0, v/2), `full` U(0, v),
    `decorrelated` min(cap, U(base, 3 previous)). (Brooker, "Exponential Backoff And Jitter", AWS, 2015.)
    """
    jitter = retry.jitter
    if jitter == "decorrelated":
        base = retry.base
        spread = 3 * (previous or base) - base
        drawn = base + int(draw.random() * spread) if spread > 0 else base
        return Duration(min(retry.cap, drawn))
    longest = min(retry.cap, retry.base << min(attempt - 1, _LARGEST_SHIFT))
    if jitter == "full":
        return Duration(int(draw.random() * longest))
    if jitter == "equal":
        half = longest >> 1
        return Duration(half + int(draw.random() * (longest - half)))
    return Duration(longest)


class RetryBudget:
    """A token bucket that caps a client's retries at a share of its first tries.

    Each first try earns `share` of a token, each retry spends a whole one. At most `reserve` tokens are kept,
    so that a long quiet time does not pay for a storm. Counted in millionths: no rounding adds up.
    """

    __slots__ = ("_earned", "_full", "_tokens")

    def __init__(self, share: float, reserve: int = 100) -> None:
        self._earned = round(share * 1_000_000)
        self._full = reserve * 1_000_000
        self._tokens = 0

    def earn(self) -> None:
        """Count a first try."""
        self._tokens = min(self._full, self._tokens + self._earned)

    def spend(self) -> bool:
        """Take a token for a retry; False when there is none: do not retry."""
        if self._tokens < 1_000_000:  # noqa: PLR2004 - one whole token
            return False
        self._tokens -= 1_000_000
        return True
