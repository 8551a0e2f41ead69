"""The simulated shop: all services deployed on nodes, with network, broker and faults between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msa_lab.chaos.model import FaultSpec
from msa_lab.runtime.sim.adapters import SimConfig, SimDirectory, SimIds, SimPasswords
from msa_lab.runtime.sim.broker import Broker, Group
from msa_lab.runtime.sim.deployed import Deployed
from msa_lab.runtime.sim.faults import Faults
from msa_lab.runtime.sim.instance import Instance
from msa_lab.runtime.sim.kernel import Kernel
from msa_lab.runtime.sim.machine import machine
from msa_lab.runtime.sim.network import Network
from msa_lab.runtime.sim.node import Node
from msa_lab.runtime.sim.streams import Streams
from msa_lab.runtime.sim.writer import Writer
from msa_lab.sdk.contract import Table
from msa_lab.sdk.distributions import Distribution
from msa_lab.sdk.memory import TableRows
from msa_lab.sdk.policy import CallPolicy
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import Duration, Instant, ms
from msa_lab.telemetry.log import EventLog
from msa_lab.topology.model import Topology

RowsFactory = Callable[[Table[Any]], TableRows]

CLIENT = "client"
"""The name under which shoppers stand in links and logs."""

NOTICED_AFTER = ms(500)
"""How long the registry goes on listing an instance that has crashed: its health check's period."""


class Shop:
    """All of one run's services. `specs` are those under the topology's patterns."""

    def __init__(
        self,
        specs: Sequence[ServiceSpec],
        topology: Topology,
        log: EventLog,
        *,
        seed: int,
        config: Mapping[str, Any],
        faults: Sequence[FaultSpec],
        end: Instant,
        rows: RowsFactory | None = None,
    ) -> None:
        self.rows = rows
        self.kernel = Kernel()
        self.log = log
        self.logs_calls = log.wants("call.sent")
        self.logs_commits = log.wants("commit")
        self.topology = topology
        self.patterns = topology.patterns
        self.streams = Streams(seed)
        self.exchanges = 0
        self.last_crash = 0
        self.ids = SimIds()
        self.passwords = SimPasswords(seed)
        self.config = SimConfig({**topology.config, **config})
        self.directory = SimDirectory(
            {part.operation.name: part.operation for spec in specs for part in spec.operations}
        )
        own = [spec.name for spec in specs if not spec.outside]
        self.faults = Faults(own, self, faults, end)
        self.network = Network(
            self.kernel, log, self.streams, self.faults, self._latency, topology.timing.reply_cpu
        )
        self.broker = Broker(
            self.kernel, log, self.streams, self.faults, topology.broker, topology.timing.broker_hop
        )
        self._nodes: dict[str, Node] = {}
        self._machines = {
            name: machine(name, settings, self.streams) for name, settings in topology.machines.items()
        }
        writer = Writer() if topology.shares_database else None
        self.deployed = {spec.name: Deployed(self, spec, None if spec.outside else writer) for spec in specs}
        self.instances = tuple(
            instance for deployed in self.deployed.values() for instance in self._deploy(deployed)
        )
        self.edge = next((spec.name for spec in specs if spec.edge), specs[0].name if specs else "")
        for deployed in self.deployed.values():
            if deployed.subscriptions:
                group = Group(deployed.service, deployed.instances, inbox=self.patterns["inbox"] == "on")
                self.broker.subscribe(group, tuple(deployed.subscriptions))

    def _deploy(self, deployed: Deployed) -> tuple[Instance, ...]:
        service = deployed.service
        deployment = self.topology.deployments[service]
        instances = []
        for number in range(1, deployment.replicas + 1):
            name = f"{service}-{number}"
            place = self.topology.place_of(service, number)
            node = self._nodes.get(place)
            if node is None:
                stands_on = None if deployment.machine is None else self._machines[deployment.machine]
                node = self._nodes[place] = Node(
                    self.kernel,
                    place,
                    concurrency=deployment.concurrency,
                    bound=deployment.queue,
                    lifo=deployment.discipline == "lifo",
                    machine=stands_on,
                )
            elif place != name:
                node.concurrency += deployment.concurrency
                node.bound += deployment.queue
            instances.append(Instance(self, deployed, name, node))
        deployed.instances = tuple(instances)
        return deployed.instances

    def open(self) -> None:
        """Start every instance at T+0."""
        for instance in self.instances:
            self._say_started(instance)
            instance.started()
        self.faults.begin()

    def instances_of(self, service: str) -> tuple[Instance, ...]:
        """Give the instances of a service.

        Raises:
            KeyError: when the topology runs no such service.
        """
        return self.deployed[service].instances

    def policy(self, caller: ServiceSpec, callee: str) -> CallPolicy:
        """Give how one service calls another."""
        return self.topology.policy(caller, callee)

    def _latency(self, source: str, target: str) -> Distribution:
        if CLIENT in (source, target):
            return self.topology.timing.client_hop
        return self.topology.latency(source, target)

    @property
    def quiet(self) -> bool:
        """Whether nothing is left to do but periodic work: no message, no event, no saga under way."""
        return (
            self.broker.quiet
            and all(deployed.outbox.quiet for deployed in self.deployed.values())
            and not any(deployed.keeps_sagas and deployed.open_sagas() for deployed in self.deployed.values())
        )

    @property
    def cpu(self) -> dict[str, float]:
        """The CPU seconds that each process was given work for."""
        return {name: node.worked / 1_000_000 for name, node in self._nodes.items()}

    def note(self, kind: str, detail: dict[str, Any], cause: int = 0) -> int:
        """Log an event of the shop as a whole."""
        return self.log.emit(kind, self.kernel.now, cause=cause, detail=detail)

    def close(self) -> None:
        """End for good what is under way on all nodes; nothing is logged of it."""
        for node in self._nodes.values():
            node.crash()

    # -- life and death -----------------------------------------------------------------------------------

    def _on_node(self, instance: Instance) -> list[Instance]:
        return [other for other in self.instances if other.node is instance.node]

    def crash(self, instance: Instance, fault: str, cause: int) -> None:
        """Stop the instance's process, and whoever shares it."""
        node = instance.node
        if not node.up:
            return
        node.crash()
        for other in self._on_node(instance):
            detail: dict[str, Any] = {"incarnation": node.incarnation - 1}
            if fault:
                detail["fault"] = fault
            self.last_crash = self.log.emit(
                "instance.crashed", self.kernel.now, other.service, other.name, cause=cause, detail=detail
            )
            other.stopped()
            self.kernel.after(NOTICED_AFTER, self._notice, (other, node.incarnation))

    def _notice(self, noticed: tuple[Instance, int]) -> None:
        instance, incarnation = noticed
        if not instance.node.up and instance.node.incarnation == incarnation:
            instance.listed = False

    def crash_for(self, instance: Instance, duration: Duration, fault: str, cause: int) -> None:
        """Stop an instance and start it again after a time."""
        self.crash(instance, fault, cause)
        self.kernel.after(duration, self.restart, instance)

    def restart(self, instance: Instance) -> None:
        """Start the next incarnation of a process that is down."""
        node = instance.node
        if node.up:
            return
        node.start()
        for other in self._on_node(instance):
            other.listed = True
            self._say_started(other)
            other.started()

    def _say_started(self, instance: Instance) -> None:
        detail = {"incarnation": instance.node.incarnation}
        self.log.emit("instance.started", self.kernel.now, instance.service, instance.name, detail=detail)

    def pause(self, instance: Instance, fault: str, cause: int) -> None:
        """Let an instance's process stand still."""
        instance.node.pause()
        detail = {"fault": fault}
        self.log.emit(
            "instance.paused", self.kernel.now, instance.service, instance.name, cause=cause, detail=detail
        )

    def resume(self, instance: Instance) -> None:
        """Let it go on."""
        if instance.node.paused:
            instance.node.resume()
            self.log.emit("instance.resumed", self.kernel.now, instance.service, instance.name)
