"""The faults in force, by where they act, so that an unhurt message costs one attribute check."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msa_lab.chaos.active import ActiveFault
from msa_lab.chaos.catalogue.load import Spike
from msa_lab.chaos.catalogue.process import Skew
from msa_lab.chaos.matching import (
    Hop,
    Leg,
    touches_flow,
    touches_instance,
    touches_leg,
    touches_message,
    touches_store,
)
from msa_lab.chaos.model import FaultSpec
from msa_lab.chaos.verdicts import PASS, Verdict, judge
from msa_lab.sdk.distributions import Stream
from msa_lab.sdk.values import Duration

Faults = tuple[ActiveFault, ...]


class FaultSet:
    """Asked by the hosts at every occasion; `if faults.calls: verdict = faults.request(hop)`.

    `calls`, `publishing`, `deliveries`, `stores`, `clocks`, `loads` and `brokers` are empty tuples while no
    fault acts there. `services` are the shop's own; `stream` makes the stream of a fault by the name
    `fault:<id>`, so that a fault's draws move no others. `spent` holds the ids of faults whose count was used
    up since the host last looked: it ends them and clears the list.
    """

    __slots__ = (
        "_activate",
        "_all",
        "_found",
        "_one_store",
        "_services",
        "_stream",
        "brokers",
        "calls",
        "clocks",
        "deliveries",
        "loads",
        "publishing",
        "spent",
        "stores",
    )

    def __init__(
        self,
        services: Iterable[str],
        stream: Callable[[str], Stream],
        activate: Callable[[FaultSpec, Stream], ActiveFault] = ActiveFault,
        *,
        one_store: bool = False,
    ) -> None:
        """Make an empty set; `activate` puts a fault in force, where hosts share its count.

        With `one_store` the shop's own services share a database.
        """
        self._activate = activate
        self._one_store = one_store
        self._services = frozenset(services)
        self._stream = stream
        self._all: dict[str, ActiveFault] = {}
        self._found: dict[tuple[str, ...] | tuple[Leg, Hop], Faults] = {}
        self.spent: list[str] = []
        self._sort()

    @property
    def active(self) -> Faults:
        """The faults in force, in the order in which they started."""
        return tuple(self._all.values())

    def start(self, spec: FaultSpec) -> ActiveFault:
        """Put a fault in force."""
        fault = self._activate(spec, self._stream(f"fault:{spec.id}"))
        self._all[spec.id] = fault
        self._sort()
        return fault

    def stop(self, fault_id: str) -> ActiveFault:
        """End a fault and give it, with what it touched.

        Raises:
            KeyError: when it is not in force.
        """
        fault = self._all.pop(fault_id)
        self._sort()
        return fault

    def request(self, hop: Hop) -> Verdict:
        """Judge a request on its way to the callee."""
        return self._leg("request", hop)

    def reply(self, hop: Hop) -> Verdict:
        """Judge a reply on its way back to the caller."""
        return self._leg("reply", hop)

    def publish(self, service: str, topic: str, event: str) -> Verdict:
        """Judge a message on its way from a service to the broker."""
        return self._message("publish", self.publishing, service, topic, event)

    def deliver(self, group: str, topic: str, event: str) -> Verdict:
        """Judge a message on its way from the broker to a consumer; called once per message and group.

        A `Crash` is kept until the consumer's final commit; a `Spoil` holds for every attempt.
        """
        return self._message("deliver", self.deliveries, group, topic, event)

    def commit(self, service: str, instance: str) -> Verdict:
        """Judge the commit of a transaction."""
        return self._store("commit", service, instance)

    def read(self, service: str, instance: str) -> Verdict:
        """Judge a read of the store."""
        return self._store("read", service, instance)

    def skew(self, service: str, instance: str) -> Duration:
        """Give how far an instance's clock is ahead, and count the reading."""
        total = 0
        for fault in self.clocks:
            if touches_instance(fault.spec.target, service, instance, self._services):
                fault.touch()
                if isinstance(fault.spec.params, Skew):
                    total += fault.spec.params.offset
        return Duration(total)

    def load(self, flow: str) -> float:
        """Give what the arrival rate of a flow is multiplied by; the host counts the shoppers it adds."""
        factor = 1.0
        for fault in self.loads:
            if isinstance(fault.spec.params, Spike) and touches_flow(fault.spec.target, flow):
                factor *= fault.spec.params.factor
        return factor

    def hurts(self, spec: FaultSpec, service: str, instance: str) -> bool:
        """Tell whether a fault of processes or caches concerns an instance."""
        return touches_instance(spec.target, service, instance, self._services)

    def _leg(self, leg: Leg, hop: Hop) -> Verdict:
        key = (leg, hop)
        faults = self._found.get(key)
        if faults is None:
            faults = tuple(f for f in self.calls if touches_leg(f.spec, hop, leg, self._services))
            self._found[key] = faults
        return self._judge(faults) if faults else PASS

    def _message(self, place: str, among: Faults, service: str, topic: str, event: str) -> Verdict:
        key = (place, service, topic, event)
        faults = self._found.get(key)
        if faults is None:
            faults = tuple(f for f in among if touches_message(f.spec.target, service, topic, event))
            self._found[key] = faults
        return self._judge(faults) if faults else PASS

    def _store(self, place: str, service: str, instance: str) -> Verdict:
        key = (place, service, instance)
        faults = self._found.get(key)
        if faults is None:
            faults = tuple(
                f
                for f in self.stores
                if (place == "commit" or "store" in f.kind.places)
                and touches_store(f.spec.target, service, instance, self._services, shared=self._one_store)
            )
            self._found[key] = faults
        return self._judge(faults) if faults else PASS

    def _judge(self, faults: Faults) -> Verdict:
        verdict = judge(faults)
        for fault in verdict.faults:
            if fault.left == 0:
                self.spent.append(fault.spec.id)
        return verdict

    def _sort(self) -> None:
        self._found.clear()
        self.calls = self._at("request", "reply", "packet", "webhook")
        self.publishing = self._at("publish")
        self.deliveries = self._at("delivery")
        self.stores = self._at("store", "commit")
        self.clocks = self._of("clock.skew")
        self.loads = self._of("load.spike")
        self.brokers = self._of("broker.loss")

    def _at(self, *places: str) -> Faults:
        return tuple(f for f in self._all.values() if any(place in places for place in f.kind.places))

    def _of(self, kind: str) -> Faults:
        return tuple(f for f in self._all.values() if f.spec.kind == kind)
