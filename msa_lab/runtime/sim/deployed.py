"""A service as deployed: what all its instances share (database, outbox, cache, operations)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msa_lab.runtime.hosting import ANSWERS, INBOX, Edge, saga_moves, visible
from msa_lab.runtime.sim.adapters import SimCache, SimDocuments, SimLock, SimSearch
from msa_lab.runtime.sim.outbox import Outbox
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.distributions import Distribution
from msa_lab.sdk.memory import Change, MemoryDatabase
from msa_lab.sdk.saga import SAGAS, SagaRecord
from msa_lab.sdk.spec import ServiceSpec, Subscription
from msa_lab.sdk.values import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from msa_lab.runtime.sim.context import SimContext
    from msa_lab.runtime.sim.instance import Instance
    from msa_lab.runtime.sim.shop import Shop
    from msa_lab.runtime.sim.writer import Writer
    from msa_lab.sdk.ports import Context

CONFLICT_PAUSE_MAX = 2_000


@dataclass(frozen=True)
class Served:
    """An operation ready to run."""

    operation: Operation[Any, Any]
    handler: Callable[[Context, Any], Coroutine[Any, Any, Any]]
    cpu: Distribution
    wait: Distribution | None

    @functools.cached_property
    def edge(self) -> Edge:
        """What checks requests, made when the first one comes."""
        return Edge(self.operation.request)


class Deployed:
    """The shared side of a service's instances; `writer` is that of a database it shares."""

    def __init__(self, shop: Shop, spec: ServiceSpec, writer: Writer | None = None) -> None:
        topology = shop.topology
        self.shop = shop
        self.spec = spec
        self.service = spec.name
        self.faults = shop.faults
        self.stream = shop.streams.named(f"store:{spec.name}")
        self.writer = writer
        self.commit_latency = topology.timing.commit
        self.commit_cpu = topology.timing.commit_cpu
        self.read_latency = topology.timing.read
        self.instances: tuple[Instance, ...] = ()
        costs = topology.deployments[spec.name].cost
        self.operations = {
            part.operation.name: Served(part.operation, part.handler, cost.cpu, cost.wait)
            for part in spec.operations
            for cost in [costs.get(part.operation.name, part.cost)]
        }
        self.subscriptions: dict[str, Subscription] = {
            part.type.name: dataclasses.replace(part, cost=costs.get(part.type.name, part.cost))
            for part in spec.subscriptions
        }
        self.sagas = {saga.name: saga for saga in spec.sagas}
        self.database = MemoryDatabase(
            (*spec.tables, INBOX, ANSWERS),
            versioned=shop.patterns["isolation"] == "versioned",
            rows=shop.rows,
        )
        self.cache = SimCache(
            shop.kernel, topology.timing.cache, shop.streams.named(f"cache:{spec.name}"),
            enabled=shop.patterns["cache"] != "none",
        )  # fmt: skip
        self.lock = SimLock(shop.kernel)
        self.search = SimSearch()
        self.documents = SimDocuments()
        self.outbox = Outbox(
            spec.name,
            shop.kernel,
            shop.log,
            shop.broker,
            shop.faults,
            topology.timing.broker_hop,
            shop.streams.named(f"outbox:{spec.name}"),
            durable=shop.patterns["outbox"] == "on",
        )
        self.keeps_sagas = any(table is SAGAS for table in spec.tables)

    def any_up(self) -> Instance | None:
        """Give an instance that is up, the first of them."""
        return next((instance for instance in self.instances if instance.node.up), None)

    def conflict_pause(self, attempt: int) -> Duration:
        """Draw the pause before a transaction is run again."""
        return Duration(int(self.stream.random() * CONFLICT_PAUSE_MAX * attempt))

    def open_sagas(self) -> Sequence[SagaRecord]:
        """Give the sagas that have not ended, ordered by key."""
        rows = self.database.table(SAGAS)
        keys = sorted((*rows.keys_where("state", "RUNNING"), *rows.keys_where("state", "COMPENSATING")))
        return [rows.rows[key].record for key in keys]

    def committed(
        self, ctx: SimContext, changes: Sequence[Change], events: Sequence[object], *, final: bool
    ) -> None:
        """Log a commit whole: the changes, the sagas' steps, the events; and set going what follows."""
        shown = visible(changes)
        if shown and self.shop.logs_commits:
            ctx.emit("commit", {"changes": shown})
        if self.keeps_sagas:
            for change in shown:
                if change.table is SAGAS:
                    self._saga_moved(ctx, change)
        for event in events:
            self.outbox.record(ctx, event)
        if final and ctx.delivery is not None:
            self.applied(ctx)

    def applied(self, ctx: SimContext) -> None:
        """Log that a consumer's work for an event is committed."""
        ctx.applied = True
        if ctx.delivery is not None:
            message = ctx.delivery.message
            ctx.emit(
                "event.applied",
                {
                    "event": message.type.name,
                    "id": message.id,
                    "group": ctx.delivery.group.name,
                    "lag": self.shop.kernel.now - message.recorded_at,
                },
            )

    def _saga_moved(self, ctx: SimContext, change: Change) -> None:
        before, after = change.before, change.after
        if after is None:
            return
        ctx.saga = after.id
        if before is None:
            ctx.emit("saga.started", {"name": after.saga, "step": after.step})
            ctx.instance_.drive(after, ctx.cause)
            return
        for kind, detail in saga_moves(before, after, self.shop.kernel.now - after.started_at):
            ctx.emit(kind, detail)
