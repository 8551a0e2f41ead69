"""Queues of one service: waiting, refusing, bounded, in a row."""

from __future__ import annotations

from msa_lab.sdk.distributions import Constant, Distribution, Exponential, exact_ln
from msa_lab.sdk.policy import Bulkhead, CallPolicy, Cost
from msa_lab.sdk.ports import Context
from msa_lab.sdk.values import Duration, minutes, seconds
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.ports import World
from msa_lab.usecases.validation import formulas
from msa_lab.usecases.validation.estimating import Estimate, quantile, sectioned
from msa_lab.usecases.validation.model import Case, Result, judged
from msa_lab.usecases.validation.stage import (
    EDGE,
    FREE,
    UNIT,
    Done,
    Setting,
    Work,
    play,
    relay,
    server,
    visits,
)

_PATIENT = CallPolicy(timeout=minutes(10), breaker=None, bulkhead=None)
_P99 = quantile(0.99)
_OK = "ok"


def queue_cases() -> tuple[Case, ...]:
    """Give the cases of this family."""
    return (
        *(_mm1(rho, arrivals) for rho, arrivals in ((0.5, 40_000), (0.8, 100_000), (0.9, 250_000))),
        _waiting(4, 0.8, 80_000),
        _waiting(8, 0.9, 150_000, tail=False),
        _refusing(8, 0.9, 40_000),
        _bulkhead(8, 0.9, 25_000),
        _bounded(10, 1.2, 40_000),
        _constant(0.8, 40_000),
        _row((0.5, 0.7), 25_000),
    )


def _lasting(arrivals: float, rate: float) -> Duration:
    return seconds(arrivals / rate)


def _rate(load: float) -> float:
    """Give the arrivals per second that make a load in erlangs."""
    return load * 1_000_000 / UNIT


def _exponential() -> Distribution:
    return Exponential(UNIT)


def _mm1(rho: float, arrivals: int) -> Case:
    name = f"mm1-{rho}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        # The workers do not limit: the instance's one CPU is the server, as in the shop.
        services = (server(EDGE, Cost(_exponential())),)
        setting = Setting(services, _rate(rho), _lasting(arrivals * effort, _rate(rho)))
        took = [duration / UNIT for _, duration, _ in visits(world, setting, seed)]
        source = "Kleinrock 1975, 3.26 and 5.119"
        return (
            judged(name, "mean time", sectioned(took), formulas.mm1_mean(rho), source),
            judged(name, "p99 time", sectioned(took, _P99), formulas.mm1_quantile(rho, 0.99), source),
        )

    return Case(name, "queues", f"M/M/1, load {rho}: one CPU, exponential work", measure)


async def _hold(ctx: Context, request: Work) -> Done:  # noqa: ARG001 - a handler's form
    """Keep a worker for an exponential time, saying when it begins."""
    ctx.log("began")
    await ctx.clock.sleep(Duration(round(-exact_ln(1 - ctx.dice.random()) * UNIT)))
    return Done()


def _waiting(servers: int, rho: float, arrivals: int, *, tail: bool = True) -> Case:
    name = f"mm{servers}-{rho}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        rate = _rate(servers * rho)
        services = (server(EDGE, concurrency=servers, handler=_hold, cost=FREE),)
        began: dict[int, int] = {}
        waits: list[float] = []

        def note(event: LogEvent) -> None:
            began[event.trace] = event.t

        def ended(event: LogEvent) -> None:
            arrived = event.t - event.detail["took"]
            waits.append((began.pop(event.trace) - arrived) / UNIT)

        setting = Setting(services, rate, _lasting(arrivals * effort, rate))
        play(world, setting, seed, {"note": note, "shopper.request": ended})
        must_wait = [float(wait > 0) for wait in waits]
        source = "Erlang 1917"
        found = (
            judged(name, "share that waits", sectioned(must_wait), formulas.erlang_c(servers, rho), source),
            judged(name, "mean wait", sectioned(waits), formulas.mmc_wait(servers, rho), source),
        )
        if not tail:
            return found
        exact = formulas.mmc_wait_quantile(servers, rho, 0.99)
        return (*found, judged(name, "p99 wait", sectioned(waits, _P99), exact, source))

    return Case(name, "queues", f"M/M/{servers}, load {rho}: {servers} workers", measure)


def _refusing(servers: int, rho: float, arrivals: int) -> Case:
    name = f"mm{servers}{servers}-{rho}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        rate = _rate(servers * rho)
        cost = Cost(FREE.cpu, _exponential())
        services = (server(EDGE, cost, concurrency=servers, queue=0),)
        setting = Setting(services, rate, _lasting(arrivals * effort, rate))
        exact = formulas.erlang_b(servers, servers * rho)
        return (judged(name, "share refused", _refused(world, setting, seed), exact, "Erlang 1917"),)

    return Case(name, "queues", f"M/M/{servers}/{servers}, load {rho}: {servers} workers, no queue", measure)


def _bulkhead(limit: int, rho: float, arrivals: int) -> Case:
    name = f"bulkhead-{limit}-{rho}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        rate = _rate(limit * rho)
        policy = CallPolicy(timeout=minutes(10), breaker=None, bulkhead=Bulkhead(limit))
        services = (
            server(EDGE, handler=relay("store"), calls={"store": policy}),
            server("store", Cost(FREE.cpu, _exponential())),
        )
        length = _lasting(arrivals * effort, rate)
        setting = Setting(services, rate, length, {"patterns": {"bulkhead": "on"}})
        exact = formulas.erlang_b(limit, limit * rho)
        return (judged(name, "share refused", _refused(world, setting, seed), exact, "Erlang 1917"),)

    return Case(name, "queues", f"a caller's bulkhead of {limit}, load {rho}", measure)


def _refused(world: World, setting: Setting, seed: int) -> Estimate:
    return sectioned([float(outcome != _OK) for _, _, outcome in visits(world, setting, seed)])


def _bounded(room: int, rho: float, arrivals: int) -> Case:
    name = f"mm1k-{room}-{rho}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        services = (server(EDGE, Cost(_exponential()), concurrency=1, queue=room - 1),)
        setting = Setting(services, _rate(rho), _lasting(arrivals * effort, _rate(rho)))
        seen = visits(world, setting, seed)
        refused = [float(outcome != _OK) for _, _, outcome in seen]
        took = [duration / UNIT for _, duration, outcome in seen if outcome == _OK]
        source = "Kleinrock 1975, 3.19"
        return (
            judged(name, "share refused", sectioned(refused), formulas.bounded_blocked(rho, room), source),
            judged(name, "mean time", sectioned(took), formulas.bounded_mean(rho, room), source),
        )

    return Case(name, "queues", f"M/M/1/{room}, load {rho}: a bounded queue", measure)


def _constant(rho: float, arrivals: int) -> Case:
    name = f"md1-{rho}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        services = (server(EDGE, Cost(Constant(UNIT)), concurrency=1),)
        setting = Setting(services, _rate(rho), _lasting(arrivals * effort, _rate(rho)))
        waits = [duration / UNIT - 1 for _, duration, _ in visits(world, setting, seed)]
        source = "Pollaczek 1930, Khinchine 1932"
        return (judged(name, "mean wait", sectioned(waits), formulas.mg1_wait(rho, 0), source),)

    return Case(name, "queues", f"M/D/1, load {rho}: constant work", measure)


def _row(loads: tuple[float, float], arrivals: int) -> Case:
    first, second = loads
    name = f"row-{first}-{second}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        rate = _rate(first)
        quicker = Exponential(Duration(round(UNIT * second / first)))
        services = (
            server(EDGE, Cost(_exponential()), handler=relay("store"), calls={"store": _PATIENT}),
            server("store", Cost(quicker)),
        )
        setting = Setting(services, rate, _lasting(arrivals * effort, rate))
        took = [duration / UNIT for _, duration, _ in visits(world, setting, seed)]
        # The first queue's departures are Poisson again (Burke, 1956): each queue is an M/M/1 of its own.
        exact = formulas.mm1_mean(first) + second / first * formulas.mm1_mean(second)
        return (judged(name, "mean time", sectioned(took), exact, "Jackson 1957"),)

    return Case(name, "queues", f"two M/M/1 in a row, loads {first} and {second}", measure)
