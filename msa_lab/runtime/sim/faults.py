"""Chaos in the simulated world: starts and ends the planned faults and honours them in the hosts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msa_lab.chaos.active import ActiveFault
from msa_lab.chaos.catalogue.messaging import BrokerLoss
from msa_lab.chaos.catalogue.process import Skew
from msa_lab.chaos.faultset import FaultSet
from msa_lab.chaos.matching import Hop, hop_of
from msa_lab.chaos.model import FaultSpec
from msa_lab.chaos.timeline import Timeline, Transition
from msa_lab.chaos.verdicts import Verdict
from msa_lab.sdk.values import Instant

if TYPE_CHECKING:
    from msa_lab.runtime.sim.broker import Delivery, Message
    from msa_lab.runtime.sim.exchange import Direction, Exchange
    from msa_lab.runtime.sim.instance import Instance
    from msa_lab.runtime.sim.shop import Shop


class Faults:
    """Asked by network, stores, outbox and broker. The `*_hurt` flags say where any fault acts just now."""

    def __init__(self, services: Sequence[str], shop: Shop, specs: Sequence[FaultSpec], end: Instant) -> None:
        self._shop = shop
        self._set = FaultSet(services, shop.streams.named, one_store=shop.topology.shares_database)
        self._timeline = Timeline(specs, end)
        self._watched = self._timeline.watched
        self._hops: dict[tuple[str, str, str], Hop] = {}
        self._causes: dict[str, int] = {}
        self._killed: dict[str, list[Instance]] = {}
        self._paused: dict[str, list[Instance]] = {}
        self.net_hurt = self.store_hurt = self.delivery_hurt = self.publish_hurt = False
        self.finished: list[tuple[ActiveFault, int, int]] = []
        self._started_at: dict[str, int] = {}
        self._armed_for: Instant | None = None

    # -- what the hosts ask -------------------------------------------------------------------------------

    def on_message(self, exchange: Exchange, direction: Direction) -> Verdict:
        """Judge a request or a reply on its way."""
        kind = (exchange.operation.name, exchange.caller_instance, exchange.callee.name)
        hop = self._hops.get(kind)
        if hop is None:
            caller = exchange.caller_service
            hop = self._hops[kind] = hop_of(
                exchange.operation, caller, exchange.caller_instance, exchange.callee.name
            )
        verdict = self._set.request(hop) if direction == "request" else self._set.reply(hop)
        self._end_spent()
        return verdict

    def on_store(self, instance: Instance, place: str) -> Verdict:
        """Judge a read or a commit."""
        ask = self._set.read if place == "read" else self._set.commit
        verdict = ask(instance.service, instance.name)
        self._end_spent()
        return verdict

    def on_publish(self, service: str, message: Message) -> Verdict:
        """Judge a message on its way to the broker."""
        verdict = self._set.publish(service, message.type.topic, message.type.name)
        self._end_spent()
        return verdict

    def on_delivery(self, delivery: Delivery) -> Verdict:
        """Judge a message on its way to a consumer group."""
        declared = delivery.message.type
        verdict = self._set.deliver(delivery.group.name, declared.topic, declared.name)
        self._end_spent()
        return verdict

    def load_factor(self, flow: str) -> float:
        """Give what a flow's arrival rate is multiplied by."""
        return self._set.load(flow) if self._set.loads else 1.0

    def touch_load(self) -> None:
        """Count a shopper that came because of a spike."""
        for fault in self._set.loads:
            fault.touch()

    @property
    def broker_fault(self) -> str:
        """The id of the fault that keeps the broker down, '' for none."""
        return self._set.brokers[0].id if self._set.brokers else ""

    def touch_clock(self, instance: Instance) -> None:
        """Count a reading of a skewed clock."""
        self._set.skew(instance.service, instance.name)

    # -- the plan -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Wake up for the first fault."""
        self._arm()

    def observe(self, event: str) -> None:
        """Take note that a domain event became a fact."""
        if event in self._watched:
            self._apply(self._timeline.observe(event, Instant(self._shop.kernel.now)))

    def heal(self) -> None:
        """End every fault now."""
        self._apply(self._timeline.heal())

    @property
    def never_started(self) -> Sequence[FaultSpec]:
        """The faults whose trigger never came."""
        return self._timeline.never_started

    def _arm(self) -> None:
        """Wake up at the next instant of the plan, even if that is the end of a fault spent before it."""
        due = self._timeline.next
        kernel = self._shop.kernel
        if due is None or due == self._armed_for or kernel.standing_still:
            return  # while time stands still nothing comes due; `begin` arms when it starts to count
        self._armed_for = due
        kernel.after(max(0, due - kernel.now), self._advance)

    def _advance(self, _nothing: object = None) -> None:
        self._armed_for = None
        self._apply(self._timeline.advance(Instant(self._shop.kernel.now)))

    def _apply(self, transitions: Sequence[Transition]) -> None:
        for transition in transitions:
            if transition.starts:
                self._start(transition.spec)
            else:
                self._stop(transition.spec)
        faults = self._set
        self.net_hurt = bool(faults.calls)
        self.store_hurt = bool(faults.stores)
        self.delivery_hurt = bool(faults.deliveries)
        self.publish_hurt = bool(faults.publishing)
        self._arm()

    def _end_spent(self) -> None:
        if self._set.spent:
            spent = list(self._set.spent)
            self._set.spent.clear()
            for fault in spent:
                self._apply(self._timeline.exhausted(fault))

    def _start(self, spec: FaultSpec) -> None:
        shop = self._shop
        fault = self._set.start(spec)
        self._started_at[spec.id] = shop.kernel.now
        cause = shop.note("fault.started", {"fault": spec.id, "kind": spec.kind, "target": str(spec.target)})
        self._causes[spec.id] = cause
        if spec.kind == "process.kill":
            hurt = self._hurt(spec)
            self._killed[spec.id] = hurt
            for instance in hurt:
                if instance.node.up:
                    fault.touch()
                    shop.crash(instance, spec.id, cause)
        elif spec.kind == "process.pause":
            hurt = self._paused[spec.id] = self._hurt(spec)
            for instance in hurt:
                fault.touch()
                shop.pause(instance, spec.id, cause)
        elif spec.kind == "clock.skew":
            self._set_skews()
        elif spec.kind == "cache.flush":
            for service in sorted({instance.service for instance in self._hurt(spec)}):
                fault.touch(shop.deployed[service].cache.flush())
        elif spec.kind == "broker.loss":
            self._break_broker(spec, fault)

    def _break_broker(self, spec: FaultSpec, fault: ActiveFault) -> None:
        broker = self._shop.broker
        broker.go_down()
        if isinstance(spec.params, BrokerLoss) and spec.params.lose_unflushed:
            fault.touch(broker.forget_unflushed(spec.id))

    def _stop(self, spec: FaultSpec) -> None:
        shop = self._shop
        fault = self._set.stop(spec.id)
        cause = self._causes[spec.id]
        self.finished.append((fault, self._started_at[spec.id], shop.kernel.now))
        shop.note("fault.healed", {"fault": spec.id, "touched": fault.touched}, cause)
        if spec.kind == "process.kill":
            for instance in _freed(self._killed, spec.id):
                shop.restart(instance)
        elif spec.kind == "process.pause":
            for instance in _freed(self._paused, spec.id):
                shop.resume(instance)
        elif spec.kind == "clock.skew":
            self._set_skews()
        elif spec.kind == "broker.loss" and not self._set.brokers:
            shop.broker.come_back()

    def _hurt(self, spec: FaultSpec) -> list[Instance]:
        return [
            instance
            for instance in self._shop.instances
            if self._set.hurts(spec, instance.service, instance.name)
        ]

    def _set_skews(self) -> None:
        for instance in self._shop.instances:
            skewed = [
                fault.spec.params.offset
                for fault in self._set.clocks
                if isinstance(fault.spec.params, Skew)
                and self._set.hurts(fault.spec, instance.service, instance.name)
            ]
            instance.node.skew = sum(skewed)
            instance.skewed = bool(skewed)


def _freed(held: dict[str, list[Instance]], fault: str) -> list[Instance]:
    """Take a fault away and give the instances whose process no other fault holds."""
    freed = held.pop(fault)
    still = [instance.node for others in held.values() for instance in others]
    return [instance for instance in freed if instance.node not in still]
