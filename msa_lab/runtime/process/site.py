"""What all hosts of one process share: the plan, the log, the faults, the registry, connections."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from msa_lab.runtime.process.bus import Broker
from msa_lab.runtime.process.doors import LOOPBACK
from msa_lab.runtime.process.gate import Gate
from msa_lab.runtime.process.hurting import Hurting
from msa_lab.runtime.process.journal import Journal, RunClock
from msa_lab.runtime.process.lines import Lines
from msa_lab.runtime.process.ports import CountedIds, OuterDirectory, PlannedConfig, Scrypt
from msa_lab.runtime.process.seeds import stream
from msa_lab.runtime.process.tasks import shown
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Address:
    """Where an instance listens."""

    instance: str
    port: int
    host: str = LOOPBACK


@dataclass(slots=True)
class Site:
    """One process of the shop. `crash` ends it like SIGKILL and asks to be started again after a time.

    `needs` names the servers without which it is not ready; `failed` hears of code that failed, and whose.
    """

    name: str
    origin: int
    seed: int
    topology: Topology
    specs: Mapping[str, ServiceSpec]
    operations: Mapping[str, Operation[Any, Any]]
    journal: Journal
    hurting: Hurting
    broker: Broker
    cache: Redis
    config: PlannedConfig
    directory: OuterDirectory
    crash: Callable[[int, str, int], object]
    ids: CountedIds = field(init=False)
    draw: random.Random = field(init=False)
    gate: Gate = field(init=False)
    passwords: Scrypt = field(default_factory=Scrypt)
    registry: dict[str, tuple[Address, ...]] = field(default_factory=dict)
    lines: Lines = field(default_factory=Lines)
    needs: tuple[str, ...] = ("broker", "cache")
    failed: Callable[[str, BaseException], object] = lambda _instance, error: shown(error)

    def __post_init__(self) -> None:
        self.ids = CountedIds(self.origin)
        self.gate = Gate(self.journal)
        self.draw = stream(self.seed, f"process:{self.origin}")

    @property
    def clock(self) -> RunClock:
        """The run's time."""
        return self.journal.clock

    @property
    def patterns(self) -> Mapping[str, str]:
        """The pattern switches."""
        return self.topology.patterns

    async def close(self) -> None:
        """Close all connections."""
        await self.lines.close()
        await self.broker.close()
        await self.cache.aclose()

    def list_instances(self, told: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        """Take over the registry."""
        self.registry = {
            service: tuple(Address(name, port) for name, port in listed) for service, listed in told.items()
        }
