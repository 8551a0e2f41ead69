"""A topology: which services run, how many, where, how linked, how protected, by which patterns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from msa_lab.sdk.distributions import Distribution, LogNormal, Uniform
from msa_lab.sdk.policy import CallPolicy, Cost, Retry
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import Duration, ms, seconds
from msa_lab.source.document import Document
from msa_lab.topology.servers import Servers

ANY = "*"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the world's parts take. A hop is one way; `read` None means that reads take no time.

    `commit_cpu` and `reply_cpu` are work: that of a commit at its instance, on top of its time, and that of
    taking in a reply at the instance that called. None means that they take none.
    """

    commit: Distribution = field(default=LogNormal(ms(1), 0.4))
    read: Distribution | None = None
    hop: Distribution = field(default=Uniform(ms(0.2), ms(0.6)))
    client_hop: Distribution = field(default=Uniform(ms(2), ms(8)))
    broker_hop: Distribution = field(default=Uniform(ms(0.3), ms(1)))
    cache: Distribution = field(default=Uniform(ms(0.1), ms(0.3)))
    commit_cpu: Distribution | None = None
    reply_cpu: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """How one service runs; `discipline` is the order in which waiting requests are taken.

    `cost` holds only what differs from the spec, by operation or event name.
    """

    service: str
    replicas: int
    concurrency: int
    queue: int
    machine: str | None = None
    cost: Mapping[str, Cost] = field(default_factory=dict)
    discipline: Literal["fifo", "lifo"] = "fifo"


@dataclass(frozen=True, slots=True)
class Stalls:
    """How each core of a machine stands still: for `length`, the next time `apart` after it ran again."""

    apart: Distribution
    length: Distribution

    @property
    def share(self) -> float:
        """Which share of the time a core stands still on average."""
        return self.length.mean / (self.apart.mean + self.length.mean)


@dataclass(frozen=True, slots=True)
class Slowdowns:
    """How all cores of a machine are slow at once: for `length`, the next time `apart` after it.

    `pace` is which share of their usual work they do meanwhile, above 0 and below 1.
    """

    apart: Distribution
    length: Distribution
    pace: float

    @property
    def share(self) -> float:
        """Which share of the time the cores are slow on average."""
        return self.length.mean / (self.apart.mean + self.length.mean)


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """A machine that instances share.

    `stalls` None means that its cores are always there, `slowdowns` None that they are always as fast.
    """

    cores: int
    stalls: Stalls | None = None
    slowdowns: Slowdowns | None = None


@dataclass(frozen=True, slots=True)
class LinkTiming:
    """The one-way latency of calls from `source` to `target`; either may be `*`."""

    source: str
    target: str
    latency: Distribution


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How the broker delivers.

    A delivery not acknowledged within `visibility` is repeated. After `attempts` deliveries an event goes to
    the dead letters. `backoff` spaces the tries after a handler failed; its `attempts` is not used.
    """

    visibility: Duration = seconds(5)
    attempts: int = 5
    backoff: Retry = field(default_factory=lambda: Retry(base=ms(100), cap=seconds(5)))


@dataclass(frozen=True, slots=True)
class Topology:
    """A topology, checked and filled.

    `patterns` has every switch, `deployments` every service. `policies` and
    `config` hold only what differs from the specs; use `policy` for the whole. `modules` are the groups of
    services that share a process under `placement: modular`. The simulated world knows no `servers`.
    """

    id: str
    title: str
    why: str
    patterns: Mapping[str, str]
    deployments: Mapping[str, Deployment]
    machines: Mapping[str, MachineSettings]
    links: tuple[LinkTiming, ...]
    timing: Timing
    broker: BrokerSettings
    servers: Servers
    policies: Mapping[tuple[str, str], CallPolicy]
    config: Mapping[str, Any]
    modules: Mapping[str, tuple[str, ...]]
    file: str
    sha256: str
    document: Document = field(repr=False, compare=False)
    specs: tuple[ServiceSpec, ...] = field(repr=False, compare=False)

    def policy(self, caller: ServiceSpec, callee: str) -> CallPolicy:
        """Give how `caller` calls `callee`: this topology's way, else the spec's, else the default."""
        return self.policies.get((caller.name, callee)) or caller.depends_on.get(callee) or CallPolicy()

    def latency(self, source: str, target: str) -> Distribution:
        """Give the one-way latency between two services: an exact link, one with `*`, else the usual hop."""
        wanted = ((source, target), (source, ANY), (ANY, target), (ANY, ANY))
        latencies = {(link.source, link.target): link.latency for link in self.links}
        return next((latencies[pair] for pair in wanted if pair in latencies), self.timing.hop)

    @property
    def shares_database(self) -> bool:
        """Whether the shop's own services keep their records in one database; outside parties never do."""
        return self.patterns["database"] == "shared"

    def process_of(self, service: str) -> str:
        """Name the process that a service's instances share: its module, the monolith, or its own.

        Outside parties always stand alone.
        """
        placement = self.patterns["placement"]
        outside = any(spec.outside for spec in self.specs if spec.name == service)
        if placement == "monolith" and not outside:
            return "monolith"
        if placement == "modular":
            return next((name for name, members in self.modules.items() if service in members), service)
        return service

    def place_of(self, service: str, number: int) -> str:
        """Name the process of a service's instance of that number: its own, or one that services share."""
        process = self.process_of(service)
        return f"{service}-{number}" if process == service else process
