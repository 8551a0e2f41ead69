"""What every process of a run knows from its birth: it is inherited by fork and never sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msa_lab.chaos.model import FaultSpec
from msa_lab.runtime.patience import DEFAULT
from msa_lab.runtime.process.doors import LOOPBACK
from msa_lab.runtime.process.hurting import SharedCounts
from msa_lab.runtime.process.servers import Endpoint
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.topology.model import Topology

ALL = "all-services"
"""The name of the database that services share; no service has a hyphen in its name."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An operating system process and the instances in it: name and service of each."""

    process: str
    instances: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The run. `wanted` are the kinds of log events that somebody takes.

    `folder` holds sockets and locks and is gone with the run; its path is short, as a socket's must be.
    `data` holds databases and what the broker keeps, `logs` what the processes print. `ports` are those of
    instances that listen at a fixed one, on `host`; all others take a free port of the loopback interface.
    In servers by URL all names begin with `prefix`; what is there stays after a shop that is `lasting`.
    Code of a service may keep control for `patience` seconds.
    """

    specs: tuple[ServiceSpec, ...]
    topology: Topology
    seed: int
    given: Mapping[str, Any]
    config: Mapping[str, Any]
    faults: tuple[FaultSpec, ...]
    counts: SharedCounts
    wanted: frozenset[str]
    folder: Path
    processes: tuple[Placed, ...]
    data: Path
    logs: Path
    host: str = LOOPBACK
    ports: Mapping[str, int] = field(default_factory=dict)
    prefix: str = ""
    lasting: bool = False
    patience: float = DEFAULT

    @property
    def control(self) -> Path:
        """The control plane's socket."""
        return self.folder / "control"

    @property
    def broker(self) -> Endpoint:
        """Where the broker is."""
        return self._endpoint("broker", self.topology.servers.broker)

    @property
    def cache(self) -> Endpoint:
        """Where the cache is."""
        return self._endpoint("cache", self.topology.servers.cache)

    @property
    def database(self) -> Endpoint:
        """Where the databases are; those of the shop's own are files in `data`."""
        return self._endpoint("database", self.topology.servers.database)

    def shares(self, spec: ServiceSpec) -> bool:
        """Tell whether a service's tables stand in the database of all; outside parties keep their own."""
        return self.topology.shares_database and not spec.outside

    def store(self, spec: ServiceSpec) -> str:
        """Name the database of a service."""
        return ALL if self.shares(spec) else spec.name

    def schema(self, store: str) -> str:
        """Name the schema of a database on a server by URL."""
        return f"{self.prefix}{store}".replace(":", "_")

    def _endpoint(self, name: str, url: str) -> Endpoint:
        return Endpoint(self.folder / name, url, self.prefix if url else "")


def placed(topology: Topology, specs: tuple[ServiceSpec, ...]) -> tuple[Placed, ...]:
    """Give the processes of a topology, in the order of the specs."""
    processes: dict[str, list[tuple[str, str]]] = {}
    for spec in specs:
        for number in range(1, topology.deployments[spec.name].replicas + 1):
            place = topology.place_of(spec.name, number)
            processes.setdefault(place, []).append((f"{spec.name}-{number}", spec.name))
    return tuple(Placed(process, tuple(instances)) for process, instances in processes.items())
