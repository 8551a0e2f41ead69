"""The faults in force, as one process honours them. When they start and end, the control plane says."""

from __future__ import annotations

import fcntl
import mmap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msa_lab.chaos.active import ActiveFault
from msa_lab.chaos.catalogue.process import Skew
from msa_lab.chaos.faultset import FaultSet
from msa_lab.chaos.matching import Hop, Leg, hop_of
from msa_lab.chaos.model import FaultSpec
from msa_lab.chaos.verdicts import Verdict
from msa_lab.errors import UserMistake
from msa_lab.runtime.process.seeds import stream
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.distributions import Stream

_WIDTH = 8


class SharedCounts:
    """How often each counted fault may still strike, in memory that all processes of the run share.

    Make it before the first fork.
    """

    def __init__(self, faults: Sequence[FaultSpec], lock: Path, spare: int = 0) -> None:
        """Make room for the planned faults and for `spare` ones that come later."""
        self._places = {fault.id: index * _WIDTH for index, fault in enumerate(faults)}
        self._memory = mmap.mmap(-1, max(1, len(faults) + spare) * _WIDTH)
        self._spare = [(len(faults) + number) * _WIDTH for number in reversed(range(spare))]
        self._lock = lock
        for fault in faults:
            self._write(fault.id, fault.count or 0)

    def lend(self, fault: FaultSpec) -> int:
        """Give a fault that was not planned a place of its own, with its count.

        Raises:
            UserMistake: when all places are taken.
        """
        if not self._spare:
            raise UserMistake("too many faults are in force at once\n  end some:  msalab chaos heal --all")
        place = self._spare.pop()
        self.know(fault.id, place)
        self._write(fault.id, fault.count or 0)
        return place

    def know(self, fault: str, place: int) -> None:
        """Take note of the place that another process gave a fault."""
        self._places[fault] = place

    def give_back(self, fault: str) -> None:
        """The fault has ended; its place may be lent again."""
        self._spare.append(self._places.pop(fault))

    def take(self, fault: str) -> int:
        """Take one strike and give how many are left, -1 when there was none."""
        with self._lock.open("a") as lock:  # an own file description: the lock of a killed process is freed
            fcntl.flock(lock, fcntl.LOCK_EX)
            left = self.left(fault) - 1
            if left >= 0:
                self._write(fault, left)
            return left

    def left(self, fault: str) -> int:
        """Tell how many strikes are left."""
        place = self._places[fault]
        return int.from_bytes(self._memory[place : place + _WIDTH], "big")

    def _write(self, fault: str, left: int) -> None:
        place = self._places[fault]
        self._memory[place : place + _WIDTH] = left.to_bytes(_WIDTH, "big")


class CountedFault(ActiveFault):
    """A fault whose count all processes share."""

    __slots__ = ("_counts",)

    def __init__(self, spec: FaultSpec, stream: Stream, counts: SharedCounts) -> None:
        super().__init__(spec, stream)
        self._counts = counts

    def strikes(self) -> bool:
        """Decide by probability and the shared count whether an occasion is struck."""
        if self._counts.left(self.id) == 0:
            return False
        if self.spec.probability < 1 and self._stream.random() >= self.spec.probability:
            return False
        left = self._counts.take(self.id)
        if left < 0:
            return False
        self.left = left
        self.touched += 1
        return True


class Hurting:
    """Asked by the hosts of one process. `tell` is given what faults struck, as they strike.

    `name` keeps the streams of the processes apart. With `one_store` the services share a database.
    """

    def __init__(
        self,
        services: Sequence[str],
        faults: Mapping[str, FaultSpec],
        counts: SharedCounts,
        *,
        seed: int,
        name: str,
        tell: Callable[[str, int], object],
        one_store: bool = False,
    ) -> None:
        self._faults = dict(faults)
        self._counts = counts
        self._tell = tell
        self.set = FaultSet(
            services, lambda purpose: stream(seed, f"{purpose}:{name}"), self._activate, one_store=one_store
        )
        self._hops: dict[tuple[str, str, str], Hop] = {}
        self._skews: dict[tuple[str, str], int] = {}

    def _activate(self, spec: FaultSpec, draw: Stream) -> ActiveFault:
        return ActiveFault(spec, draw) if spec.count is None else CountedFault(spec, draw, self._counts)

    def know(self, spec: FaultSpec, place: int) -> None:
        """Take note of a fault that was not planned; it is not in force yet."""
        self._faults[spec.id] = spec
        self._counts.know(spec.id, place)

    def forget(self, fault: str) -> None:
        """Forget a fault that will not come again."""
        self._faults.pop(fault, None)

    def start(self, fault: str) -> None:
        """Put a planned fault in force."""
        self.set.start(self._faults[fault])
        self._skews.clear()

    def stop(self, fault: str) -> None:
        """End a fault; nothing if it is not in force here."""
        if any(active.id == fault for active in self.set.active):
            self.set.stop(fault)
        self._skews.clear()

    def match(self, faults: Sequence[str]) -> None:
        """Honour exactly these planned faults: what has changed while this process was being born."""
        for active in self.set.active:
            if active.id not in faults:
                self.stop(active.id)
        in_force = [active.id for active in self.set.active]
        for fault in faults:
            if fault not in in_force:
                self.start(fault)

    def on_leg(
        self, leg: Leg, operation: Operation[object, object], caller: tuple[str, str], callee: str
    ) -> Verdict:
        """Judge a request or a reply; `caller` is its service and instance, `callee` an instance."""
        kind = (operation.name, caller[1], callee)
        hop = self._hops.get(kind)
        if hop is None:
            hop = self._hops[kind] = hop_of(operation, *caller, callee)
        return self._told(self.set.request(hop) if leg == "request" else self.set.reply(hop))

    def on_store(self, service: str, instance: str, place: str) -> Verdict:
        """Judge a read or a commit."""
        ask = self.set.read if place == "read" else self.set.commit
        return self._told(ask(service, instance))

    def on_publish(self, service: str, topic: str, event: str) -> Verdict:
        """Judge a message on its way to the broker."""
        return self._told(self.set.publish(service, topic, event))

    def on_delivery(self, group: str, topic: str, event: str) -> Verdict:
        """Judge a message on its way to a consumer group."""
        return self._told(self.set.deliver(group, topic, event))

    def touch(self, fault: str) -> None:
        """Count something that a fault touched."""
        self._tell(fault, 1)

    def skew(self, service: str, instance: str) -> int:
        """Give how far an instance's clock is ahead, in microseconds."""
        if not self.set.clocks:
            return 0
        total = 0
        for fault in self.set.clocks:
            if self.set.hurts(fault.spec, service, instance) and isinstance(fault.spec.params, Skew):
                total += fault.spec.params.offset
                self._tell(fault.id, 1)
        return total

    def _told(self, verdict: Verdict) -> Verdict:
        for fault in verdict.faults:
            self._tell(fault.id, 1)
        return verdict


def spent(hurting: Hurting) -> list[str]:
    """Give the faults whose count was used up since the last look."""
    found = list(dict.fromkeys(hurting.set.spent))
    hurting.set.spent.clear()
    return found
