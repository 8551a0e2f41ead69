"""Metastable failure: an overload that outlives its cause because retries feed it.

The model is that of Bronson et al., "Metastable Failures in Distributed Systems" (HotOS 2021), and of Huang
et al., "Metastable Failures in the Wild" (OSDI 2022): one server, 300 requests a second, clients that give up
after a second and try once more, work that is done although nobody waits for it any more. For ten seconds the
server does not work while requests go on queueing. With one retry the load can double; the server gets over
its backlog only if twice the arrivals are below its rate: fewer than 150 a second.

The outage is `process.pause`: requests wait at the standing server, as in the model. A server killed instead
refuses connections at once and forgets its queue, so nothing is left to feed the failure.
"""

from __future__ import annotations

from typing import Literal

from msa_lab.sdk.distributions import Exponential
from msa_lab.sdk.policy import CallPolicy, Cost, Retry
from msa_lab.sdk.values import Duration, Instant, seconds, us
from msa_lab.usecases.ports import World
from msa_lab.usecases.validation.estimating import sectioned
from msa_lab.usecases.validation.model import Case, Result, judged
from msa_lab.usecases.validation.stage import EDGE, FREE, Setting, relay, server, visits

SERVED = 300
"""Requests that the server can do per second."""

_OUTAGE = "process.pause server-1 at 10s for 10s"
_JUDGED = seconds(20)
"""Goodput is that of the visits begun in the last so many seconds of load."""

Cure = Literal["none", "no-retry", "budget", "lifo", "deadlines"]


def metastable_cases() -> tuple[Case, ...]:
    """Give the cases of this family: both sides of the threshold, and each cure beyond it."""
    source = "Bronson et al. 2021: fails from 150/s on"
    return (
        _outage(140, "none", 240, 1.0, source),
        _outage(160, "none", 80, 0.0, source),
        _outage(280, "none", 45, 0.0, source),
        _outage(160, "no-retry", 80, 1.0, source),
        _outage(160, "budget", 80, 1.0, source),
        _outage(160, "lifo", 80, 1.0, source),
        _outage(160, "deadlines", 80, 1.0, source),
    )


def outage(rate: float, cure: Cure, length: float, fault: str = _OUTAGE) -> Setting:
    """Give the experiment: `rate` visits a second over `length` seconds, the outage in between."""
    again = Retry(
        attempts=1 if cure == "no-retry" else 2, base=us(1), cap=us(1), jitter="none",
        budget=0.1 if cure == "budget" else None,
    )  # fmt: skip
    policy = CallPolicy(timeout=seconds(1), retry=again, breaker=None, bulkhead=None)
    return Setting(
        (
            server(EDGE, FREE, handler=relay("server"), calls={"server": policy}),
            server("server", Cost(Exponential(Duration(round(1_000_000 / SERVED)))), concurrency=1),
        ),
        rate,
        seconds(length),
        {
            "patterns": {"retry": "on", "timeout_budget": "on" if cure == "deadlines" else "off"},
            "services": {"server": {"discipline": "lifo" if cure == "lifo" else "fifo"}},
        },
        (fault,),
    )


def goodput(world: World, setting: Setting, seed: int) -> list[float]:
    """Play; tell of each visit begun in the time judged, in order, whether it got its answer."""
    since = Instant(setting.duration - _JUDGED)
    seen = visits(world, setting, seed)
    begun = sorted((t - took, outcome == "ok") for t, took, outcome in seen)
    return [float(good) for at, good in begun if at >= since]


def _outage(rate: int, cure: Cure, length: float, exact: float, source: str) -> Case:
    name = f"outage-{rate}" if cure == "none" else f"outage-{rate}-{cure}"
    cured = "" if cure == "none" else f", cured by {cure}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:  # noqa: ARG001 - it flips or not
        good = goodput(world, outage(rate, cure, length), seed)
        return (judged(name, "goodput at the end", sectioned(good), exact, source, slack=0.01),)

    return Case(name, "metastable", f"10 s outage at {rate} visits/s{cured}", measure)
