"""The stage of a validation: synthetic services on the engine that runs the shop, and what was measured.

The edge takes the shoppers. Behind it stand services of the same kind, as many as a case needs. All hops take
no time, so that what remains is queueing and service, as in the formulas.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msa_lab.chaos import names_of, parse_fault_text
from msa_lab.scenario.model import NO_CHAOS, Call, Phase, Scenario
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.distributions import Constant
from msa_lab.sdk.policy import CallPolicy, Cost
from msa_lab.sdk.ports import Context
from msa_lab.sdk.spec import ServiceSpec, serve
from msa_lab.sdk.values import Duration, Instant, ms, seconds
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.log import EventLog
from msa_lab.topology.loading import read_topology
from msa_lab.usecases.ports import Plan, World

UNIT = ms(10)
"""The mean service time of the cases: so long that the clock's microseconds hide no error."""

EDGE = "edge"
FREE = Cost(Constant(Duration(0)))
"""Costs nothing: for parts that only pass a request on."""

ENDLESS = 1_000_000
"""Room for more requests than any case has."""

_NO_TIME = dict.fromkeys(("commit", "hop", "client_hop", "broker_hop", "cache"), "0us")
_BARE = dict.fromkeys(("breaker", "bulkhead", "retry", "timeout_budget"), "off")


@dataclass(frozen=True, slots=True)
class Work:
    """What a synthetic service is asked; the shopper's envelope fits it too."""

    operation: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    key: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """That it was done."""

    body: str = ""


Handler = Callable[[Context, Work], Coroutine[Any, Any, Done]]
Ask = Operation[Work, Done]


def asking(service: str) -> Ask:
    """Declare the one operation of a synthetic service; it is safe to repeat."""
    return Operation(f"{service}.work", "GET", f"/{service}", Work, Done, access="public")


async def answer(ctx: Context, request: Work) -> Done:  # noqa: ARG001 - a handler's form
    """Answer at once: the service's cost is all there is."""
    return Done()


def relay(*services: str) -> Handler:
    """Give a handler that asks each service in turn."""
    operations = [asking(service) for service in services]

    async def handle(ctx: Context, request: Work) -> Done:
        for operation in operations:
            await ctx.call(operation, request)
        return Done()

    return handle


def server(
    name: str,
    cost: Cost = FREE,
    *,
    concurrency: int = ENDLESS,
    queue: int = ENDLESS,
    handler: Handler = answer,
    calls: Mapping[str, CallPolicy] | None = None,
) -> ServiceSpec:
    """Make a synthetic service; the one named `edge` takes the shoppers."""
    return ServiceSpec(
        name=name,
        purpose="validates the engine",
        operations=(serve(asking(name), handler, cost),),
        depends_on=calls or {},
        concurrency=concurrency,
        queue=queue,
        edge=name == EDGE,
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """One experiment: the services, how many shoppers come per second, for how long, and what differs.

    `topology` holds parts of a topology file: `patterns` switched, `services` changed. `faults` are lines as
    on the command line.
    """

    services: tuple[ServiceSpec, ...]
    rate: float
    duration: Duration
    topology: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    arrivals: Any = "poisson"


def plan(setting: Setting, seed: int) -> Plan:
    """Put an experiment into the form that the world plays."""
    form = {
        "schema": "msalab/topology@1",
        "id": "validation",
        "title": "Synthetic services with known answers",
        "timing": _NO_TIME,
        **setting.topology,
        "patterns": {**_BARE, **setting.topology.get("patterns", {})},
    }
    topology = read_topology(json.dumps(form), setting.services, "validation.yaml")
    flows = {"visit": (Call(asking(EDGE).name, {}),)}
    replicas = {name: deployed.replicas for name, deployed in topology.deployments.items()}
    names = names_of(setting.services, flows=flows, replicas=replicas)
    phase = Phase("visits", "visit", setting.rate, setting.duration, Instant(0), setting.arrivals)
    scenario = Scenario(
        id="validation", title="Validation", tags=(), seed=seed, duration=setting.duration,
        topology=topology.id, given={}, config={}, flows=flows, load=(phase,), steady=None,
        chaos_default=NO_CHAOS, profiles={}, expect=(), variables={}, settle=seconds(60), file="", sha256="",
    )  # fmt: skip
    faults = tuple(parse_fault_text(line, names) for line in setting.faults)
    return Plan(scenario, topology, tuple(setting.services), seed, NO_CHAOS, faults)


def play(
    world: World, setting: Setting, seed: int, listeners: Mapping[str, Callable[[LogEvent], object]]
) -> Instant:
    """Play an experiment; `listeners` get the events of the kind they stand for. Give the end."""
    log = EventLog()
    for kind, listener in listeners.items():
        log.listen((kind,), listener)
    played = world.play(plan(setting, seed), log, steady=lambda: None, stop=lambda: False, progress=_silent)
    return played.end


def _silent(now: Instant, end: Instant) -> None:
    """Tell nobody how far it is."""


def visits(world: World, setting: Setting, seed: int) -> Sequence[tuple[Instant, Duration, str]]:
    """Play an experiment; give of each visit when it ended, how long it took and its outcome, by the end."""
    seen: list[tuple[Instant, Duration, str]] = []

    def note(event: LogEvent) -> None:
        seen.append((Instant(event.t), event.detail["took"], event.detail["outcome"]))

    play(world, setting, seed, {"shopper.request": note})
    return seen
