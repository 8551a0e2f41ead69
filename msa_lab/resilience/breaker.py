"""The circuit breaker (Nygard, "Release It!"): closed, open, half open."""

from __future__ import annotations

from collections import deque
from typing import Literal

from msa_lab.sdk.failures import CallFailure, ConnectionLost, Overloaded, RemoteFailure, Timeout, Unavailable
from msa_lab.sdk.policy import Breaker
from msa_lab.sdk.values import Instant

Change = Literal["opened", "closed"]

_BLAMED = (Timeout, ConnectionLost, RemoteFailure, Unavailable, Overloaded)


def blames_callee(failure: Exception) -> bool:
    """Tell whether a failure counts against the callee.

    What the caller itself refused to send (open breaker, full bulkhead, bad request, deadline gone) says
    nothing about the callee: do not record it at all. A business refusal is a success of the callee.
    """
    return isinstance(failure, CallFailure) and isinstance(failure, _BLAMED)


class CircuitBreaker:
    """The breaker of one client for one callee. Pure: it is told the time and the outcomes.

    Every call for which `allow` said yes should be recorded; a probe that never is (its caller was cut off)
    is given up after `open_for`, so that the breaker cannot stay half open for ever.
    """

    __slots__ = (
        "_failed",
        "_probes_out",
        "_probes_passed",
        "_recent",
        "_retry_at",
        "_settings",
        "_since",
        "state",
    )

    def __init__(self, settings: Breaker) -> None:
        self.state: Literal["closed", "open", "half-open"] = "closed"
        self._settings = settings
        self._recent: deque[bool] = deque()
        self._failed = 0
        self._since = 0
        self._retry_at = 0
        self._probes_out = 0
        self._probes_passed = 0

    def allow(self, now: Instant) -> bool:
        """Tell whether a call may be sent; asking may make an open breaker half open."""
        if self.state == "closed":
            return True
        if now >= self._retry_at:
            self.state = "half-open"
            self._since = now
            self._retry_at = now + self._settings.open_for
            self._probes_out = 1
            self._probes_passed = 0
            return True
        if self.state == "open" or self._probes_out >= self._settings.probes:
            return False
        self._probes_out += 1
        return True

    def record(self, now: Instant, ok: bool, sent: int | None = None) -> Change | None:  # noqa: FBT001 - the outcome
        """Take the outcome of a call that was let through and tell whether the state changed.

        `sent` is when the call was sent: outcomes of calls older than the present state are ignored.
        """
        if self.state == "closed":
            if sent is None or sent >= self._since:
                return self._count(now, ok)
        elif self.state == "half-open" and (sent is None or sent >= self._since):
            if not ok:
                return self._open(now)
            self._probes_passed += 1
            if self._probes_passed >= self._settings.probes:
                return self._close(now)
        return None

    def _count(self, now: Instant, ok: bool) -> Change | None:  # noqa: FBT001 - the outcome
        recent = self._recent
        recent.append(ok)
        if not ok:
            self._failed += 1
        if len(recent) > self._settings.window and not recent.popleft():
            self._failed -= 1
        return self._open(now) if self._failed >= self._settings.failures else None

    def _open(self, now: Instant) -> Change | None:
        again = self.state == "half-open"
        self.state = "open"
        self._retry_at = now + self._settings.open_for
        return None if again else "opened"

    def _close(self, now: Instant) -> Change:
        self.state = "closed"
        self._since = now
        self._recent.clear()
        self._failed = 0
        return "closed"
