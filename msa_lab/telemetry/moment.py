"""The shop at one moment, a fold over its state events: who is up, which faults act, how sagas stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from msa_lab.telemetry import sagas
from msa_lab.telemetry.events import LogEvent

Health = Literal["up", "paused", "down"]
KINDS: Final = frozenset({
    *sagas.KINDS, "instance.started", "instance.crashed", "instance.paused", "instance.resumed",
    "breaker.opened", "breaker.closed", "fault.started", "fault.healed",
    "phase.started", "phase.ended", "expectation.violated", "run.started", "run.ended",
})  # fmt: skip
"""The kinds of events that change a moment; all others leave it as it is."""
_HEALTH: Final[dict[str, Health]] = {
    "instance.started": "up",
    "instance.crashed": "down",
    "instance.paused": "paused",
    "instance.resumed": "up",
}


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """A fault that acts: since when (microseconds) and by the number of which event."""

    id: str
    kind: str
    target: str
    since: int
    seq: int


@dataclass(slots=True)
class Moment:
    """What holds after the events fed so far.

    `instances` are the instances' health by name, `breakers` the open circuit breakers (instance, callee),
    `violated` how often each expectation broke and `first` the number of the event at which it first did.
    `broken` names by saga what it broke.
    """

    t: int = 0
    instances: dict[str, Health] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    breakers: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: dict[str, ActiveFault] = field(default_factory=dict)
    healed: dict[str, int] = field(default_factory=dict)
    phases: dict[str, None] = field(default_factory=dict)
    violated: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    broken: dict[str, tuple[str, ...]] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    ended: bool = False
    sagas: sagas.Sagas = field(default_factory=sagas.Sagas)

    def copy(self) -> Moment:
        """Give a moment that goes on by itself; what it holds never changes, only the mappings do."""
        return Moment(
            self.t, dict(self.instances), dict(self.services), dict(self.breakers), dict(self.faults),
            dict(self.healed), dict(self.phases), dict(self.violated), dict(self.first), dict(self.broken),
            dict(self.run), self.ended, sagas.Sagas(dict(self.sagas.views)),
        )  # fmt: skip

    def feed(self, event: LogEvent) -> None:
        """Take in the next event."""
        self.t = event.t
        family, _, what = event.kind.partition(".")
        match family:
            case "saga":
                self.sagas.feed(event)
            case "instance":
                self.instances[event.instance] = _HEALTH[event.kind]
                self.services[event.instance] = event.service
            case "breaker":
                self._breaker(event)
            case "fault":
                self._fault(event)
            case "phase":
                self._phase(event)
            case "expectation":
                self._violated(event)
            case "run" if what == "started":
                self._begun(event)
            case "run":
                self.ended = True
            case _:
                pass

    def _begun(self, event: LogEvent) -> None:
        """Begin; in the log of a shop that was started before, all that its processes held is gone."""
        if self.run:
            for held in (self.instances, self.services, self.breakers, self.faults, self.phases):
                held.clear()
        self.run = dict(event.detail)
        self.ended = False

    def _breaker(self, event: LogEvent) -> None:
        held = event.instance, str(event.detail["callee"])
        if event.kind == "breaker.opened":
            self.breakers[held] = event.t
        else:
            self.breakers.pop(held, None)

    def _violated(self, event: LogEvent) -> None:
        name = str(event.detail["expectation"])
        self.violated[name] = self.violated.get(name, 0) + 1
        self.first.setdefault(name, event.seq)
        if event.saga:
            known = self.broken.get(event.saga, ())
            self.broken[event.saga] = known if name in known else (*known, name)

    def _fault(self, event: LogEvent) -> None:
        name = str(event.detail["fault"])
        if event.kind == "fault.started":
            detail = event.detail
            self.faults[name] = ActiveFault(
                name, str(detail["kind"]), str(detail["target"]), event.t, event.seq
            )
        elif event.kind == "fault.healed":
            self.faults.pop(name, None)
            self.healed[name] = int(event.detail["touched"])

    def _phase(self, event: LogEvent) -> None:
        if event.kind == "phase.started":
            self.phases[str(event.detail["phase"])] = None
        else:
            self.phases.pop(str(event.detail["phase"]), None)

    def health(self, service: str) -> tuple[int, int, int]:
        """Count a service's instances: up, paused and down."""
        states = [self.instances[name] for name, owner in self.services.items() if owner == service]
        return states.count("up"), states.count("paused"), states.count("down")

    def opened(self, service: str) -> tuple[str, ...]:
        """Name the callees for which an instance of the service holds a circuit breaker open."""
        callees = [callee for name, callee in self.breakers if self.services.get(name) == service]
        return tuple(dict.fromkeys(callees))


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a look at a log begins: at which byte, at which instant, and what held then."""

    place: int = 0
    t: int = 0
    moment: Moment = field(default_factory=Moment)
