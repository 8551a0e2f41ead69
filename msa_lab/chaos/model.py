"""Faults as data: what, at what, from when, for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.chaos.params import Params
from msa_lab.sdk.values import Duration, Instant

Direction = Literal["both", "request", "reply"]
Form = Literal["everything", "service", "instance", "link", "operation", "topic", "event", "broker", "flow"]
"""The forms a target can have."""

ANY = "*"


@dataclass(frozen=True, slots=True)
class At:
    """The fault starts at this instant of the run."""

    instant: Instant


@dataclass(frozen=True, slots=True)
class After:
    """The fault starts when the `nth` domain event of that name became a fact (1 is the first)."""

    event: str
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Everything:
    """`*`: all of the shop's own services, and what passes between them; never an outside party."""

    form: Form = "everything"

    def __str__(self) -> str:
        return ANY


@dataclass(frozen=True, slots=True)
class Service:
    """`payment`: all instances of a service."""

    name: str
    form: Form = "service"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Instance:
    """`payment-2`: one instance; the first is number 1."""

    service: str
    number: int
    form: Form = "instance"

    def __str__(self) -> str:
        return f"{self.service}-{self.number}"


@dataclass(frozen=True, slots=True)
class Link:
    """`order -> payment`: the calls that the source makes to the target; `*` for all the shop's services."""

    source: str
    target: str
    form: Form = "link"

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


@dataclass(frozen=True, slots=True)
class OperationNamed:
    """`payment.capture`: the calls of one operation, whoever makes them."""

    name: str
    form: Form = "operation"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Topic:
    """`order.events`: all messages of a topic."""

    name: str
    form: Form = "topic"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class EventNamed:
    """`order.placed`: the messages that carry one kind of event."""

    name: str
    form: Form = "event"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Broker:
    """`broker`: the message broker."""

    form: Form = "broker"

    def __str__(self) -> str:
        return "broker"


@dataclass(frozen=True, slots=True)
class Flow:
    """The shoppers of one flow of the scenario."""

    name: str
    form: Form = "flow"

    def __str__(self) -> str:
        return self.name


Target = Everything | Service | Instance | Link | OperationNamed | Topic | EventNamed | Broker | Flow


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """One planned fault: a lease.

    `duration` None means until `count` is used up, at the latest until the run ends. `probability` and
    `count` are per occasion (a message, a commit, a delivery): of the occasions that match, each is struck
    with that chance, and at most `count` are.
    """

    id: str
    kind: str
    target: Target
    params: Params
    start: At | After
    duration: Duration | None
    probability: float = 1.0
    count: int | None = None
    direction: Direction = "both"
