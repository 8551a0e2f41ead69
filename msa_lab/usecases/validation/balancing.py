"""Balancing over replicas, and the slowest of many."""

from __future__ import annotations

import functools
from typing import Any

from msa_lab.sdk.distributions import Exponential
from msa_lab.sdk.policy import CallPolicy, Cost
from msa_lab.sdk.ports import Context
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import minutes, seconds
from msa_lab.usecases.ports import World
from msa_lab.usecases.validation import formulas
from msa_lab.usecases.validation.estimating import SECTIONS, sectioned
from msa_lab.usecases.validation.model import Case, Result, judged
from msa_lab.usecases.validation.stage import (
    EDGE,
    FREE,
    UNIT,
    Done,
    Setting,
    Work,
    asking,
    relay,
    server,
    visits,
)

_POLICY = CallPolicy(timeout=minutes(10), breaker=None, bulkhead=None)
_SLOW = seconds(1)
_MANY = 50
_SIMULATED = "simulated, distinct servers"


def balancing_cases() -> tuple[Case, ...]:
    """Give the cases of choosing among replicas."""
    return (
        _replicas("random", 4, 0.8, 25_000, exact=formulas.mm1_mean(0.8), source="Kleinrock 1975, 3.26"),
        _shorter(0.8, 25_000),
        # Simulated figures of the policy with two distinct replicas; the limit for endless ones is 2.6141.
        _replicas("two-choices", 8, 0.9, 120_000, exact=3.098, source=_SIMULATED, slack=0.02),
        _replicas("two-choices", 100, 0.9, 200_000, exact=2.645, source=_SIMULATED, slack=0.005),
    )


def tail_cases() -> tuple[Case, ...]:
    """Give the cases of waiting for all of many parts."""
    return (_slowest(12, 4_000), _slowest(100, 500), _touched(100, 0.01, 800))


def _replicas(
    balancing: str, count: int, rho: float, arrivals: int, *, exact: float, source: str, slack: float = 0.0
) -> Case:
    name = f"{balancing}-{count}-{rho}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        seen = visits(world, _spread(balancing, count, rho, arrivals * effort), seed)
        took = [duration / UNIT for _, duration, _ in seen]
        # Many servers come to rest slowly against their arrivals: sections must be longer to be independent.
        sections = 10 if count >= _MANY else SECTIONS
        estimate = sectioned(took, sections=sections)
        return (judged(name, "mean time", estimate, exact, source, slack=slack),)

    return Case(name, "balancing", f"{balancing} over {count} replicas, load {rho}", measure)


def _shorter(rho: float, arrivals: int) -> Case:
    name = f"two-choices-2-{rho}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        seen = visits(world, _spread("two-choices", 2, rho, arrivals * effort), seed)
        took = [duration / UNIT for _, duration, _ in seen]
        exact = _two_servers(rho)
        return (judged(name, "mean time", sectioned(took), exact, "balance equations, Haight 1958"),)

    return Case(name, "balancing", f"two-choices over 2 replicas (the shorter queue), load {rho}", measure)


@functools.cache
def _two_servers(rho: float) -> float:
    return formulas.shortest_of_two_servers(rho, 40)


def _spread(balancing: str, count: int, rho: float, arrivals: float) -> Setting:
    rate = count * rho * 1_000_000 / UNIT
    services = (
        server(EDGE, handler=relay("pool"), calls={"pool": _POLICY}),
        server("pool", Cost(Exponential(UNIT))),
    )
    changes: dict[str, dict[str, Any]] = {
        "patterns": {"balancing": balancing},
        "services": {"pool": {"replicas": count}},
    }
    return Setting(services, rate, seconds(arrivals / rate), changes)


def _slowest(parts: int, visits_made: int) -> Case:
    name = f"slowest-{parts}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        leaf = server("leaf", Cost(FREE.cpu, Exponential(UNIT)))
        took = [duration / UNIT for duration in _fan_out(world, seed, parts, visits_made * effort, leaf)]
        return (judged(name, "mean time", sectioned(took), formulas.harmonic(parts), "Renyi 1953"),)

    return Case(name, "tails", f"the slowest of {parts} parts, each exponential", measure)


async def _seldom_slow(ctx: Context, request: Work) -> Done:  # noqa: ARG001 - a handler's form
    """Take a second once in a hundred times, else no time."""
    if ctx.dice.random() < 0.01:  # noqa: PLR2004 - one in a hundred
        await ctx.clock.sleep(_SLOW)
    return Done()


def _touched(parts: int, share: float, visits_made: int) -> Case:
    name = f"touched-{parts}-{share}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        leaf = server("leaf", handler=_seldom_slow)
        slow = [
            float(duration >= _SLOW) for duration in _fan_out(world, seed, parts, visits_made * effort, leaf)
        ]
        exact = formulas.touched_by_tail(share, parts)
        return (judged(name, "share that is slow", sectioned(slow), exact, "Dean and Barroso 2013"),)

    return Case(name, "tails", f"{parts} parts, each slow with chance {share}", measure)


def _fan_out(world: World, seed: int, parts: int, count: float, leaf: ServiceSpec) -> list[int]:
    """Ask the leaf so many times at once for each visit; give how long the visits took."""
    operation = asking("leaf")

    async def handle(ctx: Context, request: Work) -> Done:
        async def ask() -> Done:
            return await ctx.call(operation, request)

        await ctx.gather(*(ask() for _ in range(parts)))
        return Done()

    services = (server(EDGE, handler=handle, calls={"leaf": _POLICY}), leaf)
    setting = Setting(services, 10, seconds(count / 10))
    return [duration for _, duration, _ in visits(world, setting, seed)]
