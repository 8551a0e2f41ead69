"""A scenario as it is played: given, flows, load, faults, expectations. All frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from msa_lab.chaos import FaultSpec
from msa_lab.sdk.distributions import Distribution
from msa_lab.sdk.values import Duration, Instant
from msa_lab.source import Place

ExpectationKind = Literal["always", "never", "eventually", "finally", "metric", "evidence"]
Severity = Literal["error", "warn"]
Arrivals = Literal["poisson", "even"]
NO_CHAOS: Final = "none"
"""The name of the profile without faults."""


@dataclass(frozen=True, slots=True)
class Call:
    """Call an operation through the shop's edge.

    `arguments` may hold `${names}`. `capture` takes values out of the reply by paths: `$.items[0].sku`.
    `refused` is the code of the domain error that must be the answer ('': none).
    """

    operation: str
    arguments: Mapping[str, Any]
    capture: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Think:
    """Wait as a person would."""

    time: Distribution


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until a saga is in one of the states, at most `within`; `of` is a template of its id."""

    saga: str
    states: tuple[str, ...]
    within: Duration
    of: str = "${order_id}"


@dataclass(frozen=True, slots=True)
class Pick:
    """Draw a value for each name with the shopper's dice, all choices equally likely."""

    choices: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Repeat:
    """Take some steps several times."""

    times: int
    steps: tuple[Step, ...]


Step = Call | Think | Await | Pick | Repeat


@dataclass(frozen=True, slots=True)
class Phase:
    """Shoppers of one flow arriving at `rate` per second from `start` for `duration` (an open model)."""

    name: str
    flow: str
    rate: float
    duration: Duration
    start: Instant
    arrivals: Arrivals = "poisson"

    @property
    def end(self) -> Instant:
        """When the last shopper may come."""
        return Instant(self.start + self.duration)


@dataclass(frozen=True, slots=True)
class Check:
    """An expression and where it was written."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class SteadyState:
    """What must hold over a time before any fault; else the run is inconclusive."""

    over: Duration
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must hold of the run.

    `each` and `where` choose entities ('': the run as a whole). `metric`, `threshold` and `during` belong to
    kind metric. `profiles` limits it to those chaos profiles (`none`: without chaos); empty means all.
    """

    id: str
    kind: ExpectationKind
    text: str
    place: Place
    each: str = ""
    where: str = ""
    within: Duration | None = None
    metric: str = ""
    during: str = ""
    severity: Severity = "error"
    why: str = ""
    doc: str = ""
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `settle` is how long the run goes on after the load and the faults have ended."""

    id: str
    title: str
    tags: tuple[str, ...]
    seed: int
    duration: Duration
    topology: str
    given: Mapping[str, Any]
    config: Mapping[str, Any]
    flows: Mapping[str, tuple[Step, ...]]
    load: tuple[Phase, ...]
    steady: SteadyState | None
    chaos_default: str
    profiles: Mapping[str, tuple[FaultSpec, ...]]
    expect: tuple[Expectation, ...]
    variables: Mapping[str, Any]
    settle: Duration
    file: str
    sha256: str
    why: str = ""

    @property
    def requests(self) -> float:
        """How many requests its shoppers are expected to send in all."""
        return sum(
            phase.rate * phase.duration / 1_000_000 * _calls(self.flows[phase.flow]) for phase in self.load
        )

    def expected(self, profile: str) -> tuple[Expectation, ...]:
        """Give the expectations that apply under a chaos profile (`none`: without chaos)."""
        return tuple(item for item in self.expect if not item.profiles or profile in item.profiles)

    def faults(self, profile: str) -> tuple[FaultSpec, ...]:
        """Give the faults of a chaos profile, none for `none`.

        Raises:
            KeyError: when there is no such profile.
        """
        return () if profile == NO_CHAOS else self.profiles[profile]


def _calls(steps: tuple[Step, ...]) -> int:
    repeated = sum(step.times * _calls(step.steps) for step in steps if isinstance(step, Repeat))
    return repeated + sum(isinstance(step, Call) for step in steps)
