"""What one caller's policy for one callee has come to: its breakers, retry budget and bulkhead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msa_lab.resilience.breaker import CircuitBreaker
from msa_lab.resilience.bulkhead import ConcurrencyLimit
from msa_lab.resilience.chance import Chance
from msa_lab.resilience.retry import RetryBudget, pause, retryable
from msa_lab.resilience.timeout import try_timeout
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import BreakerOpen, CallFailure, DeadlineExceeded
from msa_lab.sdk.policy import CallPolicy
from msa_lab.sdk.values import Duration, Instant


class CallGuard:
    """Decides on each try of one instance's calls to one service; the hosts act on it.

    `switched` are the topology's patterns: what is off there decides as if the policy did not name it.
    `bulkhead` is None without one; whoever sends a try enters it before and leaves it after.
    """

    __slots__ = (
        "_breakers",
        "_breaking",
        "_budget",
        "_draw",
        "_policy",
        "_retrying",
        "budgeted",
        "bulkhead",
        "keyed",
    )

    def __init__(self, policy: CallPolicy, switched: Mapping[str, str], draw: Chance) -> None:
        self._policy = policy
        self._draw = draw
        self._breaking = policy.breaker if switched["breaker"] == "on" else None
        self._breakers: dict[str, CircuitBreaker] = {}
        self._retrying = switched["retry"] == "on"
        share = policy.retry.budget
        self._budget = None if share is None else RetryBudget(share)
        self.keyed = switched["idempotency"] == "on"
        self.budgeted = switched["timeout_budget"] == "on"
        walled = policy.bulkhead if switched["bulkhead"] == "on" else None
        self.bulkhead = None if walled is None else ConcurrencyLimit(walled)

    def begin(self) -> None:
        """Count a call: its first try earns a share of a retry."""
        if self._budget is not None:
            self._budget.earn()

    def breaker(self, operation: str) -> CircuitBreaker | None:
        """Give the operation's breaker: one that fails must not shut off the others of its service."""
        if self._breaking is None:
            return None
        breaker = self._breakers.get(operation)
        if breaker is None:
            breaker = self._breakers[operation] = CircuitBreaker(self._breaking)
        return breaker

    @property
    def breakers(self) -> Mapping[str, CircuitBreaker]:
        """The breakers there are so far, by operation."""
        return self._breakers

    def limit(
        self, breaker: CircuitBreaker | None, within: Duration | None, deadline: Instant | None, now: Instant
    ) -> Duration:
        """Give how long a try may take that is sent now; `within` replaces the policy's timeout.

        Raises:
            DeadlineExceeded: when it would come too late.
            BreakerOpen: when the breaker holds it back.
        """
        limit = try_timeout(within or self._policy.timeout, deadline, now)
        if limit <= 0:
            raise DeadlineExceeded
        if breaker is not None and not breaker.allow(now):
            raise BreakerOpen
        return limit

    def pause(
        self, failure: CallFailure, operation: Operation[Any, Any], attempt: int, waited: Duration
    ) -> Duration | None:
        """Give the pause before the next try, None for none; `waited` is the pause before this one."""
        if not self._retrying or not retryable(failure, safe=operation.safe, keyed=operation.keyed):
            return None
        again = pause(self._policy.retry, attempt, self._draw, waited)
        if again is None or (self._budget is not None and not self._budget.spend()):
            return None
        return again
