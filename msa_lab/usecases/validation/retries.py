"""What retries cost and what they save."""

from __future__ import annotations

import itertools

from msa_lab.sdk.failures import RemoteFailure
from msa_lab.sdk.policy import CallPolicy, Retry
from msa_lab.sdk.ports import Context
from msa_lab.sdk.values import minutes, seconds, us
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.ports import World
from msa_lab.usecases.validation import formulas
from msa_lab.usecases.validation.estimating import sectioned
from msa_lab.usecases.validation.model import Case, Result, judged
from msa_lab.usecases.validation.stage import EDGE, Done, Setting, Work, play, relay, server

_RETRYING = {"patterns": {"retry": "on"}}
_SERIES = "geometric series"


def retry_cases() -> tuple[Case, ...]:
    """Give the cases of this family."""
    return (
        _single(0.3, 3, 10_000),
        _single(0.5, 4, 10_000),
        _capped(3, None, 3.0),
        _capped(3, 0.1, 1.1),
        _layers(3, 4),
    )


def retrying(attempts: int, budget: float | None = None) -> CallPolicy:
    """Give a policy that tries again at once."""
    again = Retry(attempts=attempts, base=us(1), cap=us(1), jitter="none", budget=budget)
    return CallPolicy(timeout=minutes(10), retry=again, breaker=None, bulkhead=None)


def _single(failing: float, attempts: int, count: int) -> Case:
    name = f"retry-{failing}-{attempts}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        setting = Setting(
            (server(EDGE, handler=relay("frail"), calls={"frail": retrying(attempts)}), server("frail")),
            rate=100,
            duration=seconds(count * effort / 100),
            topology=_RETRYING,
            faults=(f"http.abort edge -> frail probability={failing} at 0s for 24h",),
        )
        tried, good = _tries(world, setting, seed)
        return (
            judged(name, "tries a visit", sectioned(tried), formulas.tries(failing, attempts), _SERIES),
            judged(name, "share that works", sectioned(good), formulas.recovered(failing, attempts), _SERIES),
        )

    return Case(name, "retries", f"{attempts} tries, each fails with chance {failing} (http.abort)", measure)


def _capped(attempts: int, budget: float | None, exact: float) -> Case:
    name = f"retry-load-{attempts}" if budget is None else f"retry-budget-{budget}"
    title = f"all calls fail, {attempts} tries" + ("" if budget is None else f", a retry budget of {budget}")

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        policy = retrying(attempts, budget)
        setting = Setting(
            (server(EDGE, handler=relay("frail"), calls={"frail": policy}), server("frail")),
            rate=100,
            duration=seconds(20 * effort),
            topology=_RETRYING,
            faults=("http.abort edge -> frail at 0s for 24h",),
        )
        tried, _ = _tries(world, setting, seed)
        source = "each try fails" if budget is None else "1 + budget"
        # A budget pays whole tries: the last one of a run may be open.
        slack = 0.0 if budget is None else 1 / len(tried)
        return (judged(name, "tries a visit", sectioned(tried), exact, source, slack=slack),)

    return Case(name, "retries", title, measure)


def _tries(world: World, setting: Setting, seed: int) -> tuple[list[float], list[float]]:
    """Play; give the tries of each visit and whether it worked, by the order of their ends."""
    again: dict[int, int] = {}
    tried: list[float] = []
    good: list[float] = []

    def retried(event: LogEvent) -> None:
        again[event.trace] = again.get(event.trace, 0) + 1

    def ended(event: LogEvent) -> None:
        tried.append(1.0 + again.pop(event.trace, 0))
        good.append(float(event.detail["outcome"] == "ok"))

    play(world, setting, seed, {"call.retried": retried, "shopper.request": ended})
    return tried, good


async def _fail(ctx: Context, request: Work) -> Done:  # noqa: ARG001 - a handler's form
    """Count the try and fail."""
    ctx.log("tried")
    raise RemoteFailure


def _layers(depth: int, attempts: int) -> Case:
    name = f"retry-layers-{depth}"

    def measure(world: World, seed: int, effort: float) -> tuple[Result, ...]:
        names = [EDGE, *(f"layer-{number}" for number in range(1, depth)), "last"]
        policy = retrying(attempts)
        services = tuple(
            server(upper, handler=relay(lower), calls={lower: policy})
            for upper, lower in itertools.pairwise(names)
        )
        count: dict[int, int] = {}
        tried: list[float] = []

        def note(event: LogEvent) -> None:
            count[event.trace] = count.get(event.trace, 0) + 1

        def ended(event: LogEvent) -> None:
            tried.append(float(count.pop(event.trace)))

        last = server("last", handler=_fail)
        setting = Setting((*services, last), 10, seconds(30 * effort), _RETRYING)
        play(world, setting, seed, {"note": note, "shopper.request": ended})
        exact = float(attempts**depth)
        return (judged(name, "tries at the last", sectioned(tried), exact, "attempts ^ depth"),)

    return Case(name, "retries", f"{depth} layers of {attempts} tries each, the last service fails", measure)
