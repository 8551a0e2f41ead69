"""What a service declares about calling others, and what its operations cost. Data only.

The rules that act on these settings are in `msa_lab.resilience`; the hosts honour them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from msa_lab.sdk.distributions import Constant, Distribution
from msa_lab.sdk.values import Duration, ms, seconds

Jitter = Literal["none", "equal", "full", "decorrelated"]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long apart to try: exponential backoff with jitter (AWS, 2015).

    `attempts` counts the first try. `budget` caps retries at that share of first tries (10 % = 0.1) over the
    client's life, so that retries cannot multiply an overload; None means no cap.
    """

    attempts: int = 3
    base: Duration = ms(50)
    cap: Duration = seconds(2)
    jitter: Jitter = "full"
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """Circuit breaker: opens when `failures` of the last `window` calls failed; tries again after `open_for`.

    Half open it lets `probes` calls through; all must succeed to close it.
    """

    failures: int = 10
    window: int = 20
    open_for: Duration = seconds(2)
    probes: int = 2


@dataclass(frozen=True, slots=True)
class Bulkhead:
    """At most `limit` calls to the callee under way at once, from one instance."""

    limit: int = 64


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How to call one service. `timeout` is for one try, not for all of them."""

    timeout: Duration = seconds(1)
    retry: Retry = field(default_factory=Retry)
    breaker: Breaker | None = field(default_factory=Breaker)
    bulkhead: Bulkhead | None = field(default_factory=Bulkhead)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request takes: demand on the instance's one CPU, then waiting that holds no CPU."""

    cpu: Distribution = Constant(ms(1))
    wait: Distribution | None = None
