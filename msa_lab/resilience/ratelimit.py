"""Rate limiting with a token bucket."""

from __future__ import annotations

from msa_lab.sdk.values import Duration, Instant

_TOKEN = 10**12
"""One token: a microsecond at a rate of one token per second earns a millionth of it, exactly."""


class TokenBucket:
    """Lets `burst` through at once and `rate` a second in the long run. Starts full; exact integers."""

    __slots__ = ("_full", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = round(rate * 1_000_000)
        self._full = burst * _TOKEN
        self._tokens = self._full
        self._last = 0

    def allow(self, now: Instant) -> bool:
        """Take a token; False when there is none."""
        self._refill(now)
        if self._tokens < _TOKEN:
            return False
        self._tokens -= _TOKEN
        return True

    def wait(self, now: Instant) -> Duration | None:
        """Tell how long until the next token (0: now; None: never), taking nothing."""
        self._refill(now)
        missing = _TOKEN - self._tokens
        if missing <= 0:
            return Duration(0)
        return Duration(-(-missing // self._rate)) if self._rate and self._full else None

    def _refill(self, now: Instant) -> None:
        # A skewed clock may step back; then nothing is earned until it has caught up.
        if now > self._last:
            self._tokens = min(self._full, self._tokens + (now - self._last) * self._rate)
            self._last = now
