"""The public contract of a service: its operations, its events, its records."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from msa_lab.sdk.failures import DomainError

Access = Literal["internal", "public", "user", "admin"]
"""Who may reach an operation through the gateway; `internal` ones are not reachable from outside."""

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Record = TypeVar("Record")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Generic[Request, Reply]):
    """A request/reply endpoint, declared once.

    `name` is `service.verb`. `safe` operations change nothing. `keyed` operations honour an idempotency key:
    a second call with the same key gets the first one's reply and has no second effect.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    request: type[Request]
    reply: type[Reply]
    errors: tuple[type[DomainError], ...] = ()
    access: Access = "internal"
    keyed: bool = False
    summary: str = ""

    @property
    def service(self) -> str:
        """The service that serves it."""
        return self.name.partition(".")[0]

    @property
    def safe(self) -> bool:
        """Whether calling it changes nothing (RFC 9110, 9.2.1)."""
        return self.method == "GET"


@dataclass(frozen=True, slots=True)
class EventType:
    """The name (`order.placed`), topic (`order.events`) and ordering key of an event class."""

    name: str
    topic: str
    key: str


EventClass = TypeVar("EventClass", bound=type[Any])


def event(name: str, *, key: str, topic: str | None = None) -> Callable[[EventClass], EventClass]:
    """Make a frozen dataclass an event: a fact in the past tense.

    Events whose field `key` is equal are delivered in order. The topic is `<service>.events` unless given.
    """
    described = EventType(name, topic or f"{name.partition('.')[0]}.events", key)

    def declare(cls: EventClass) -> EventClass:
        if not dataclasses.is_dataclass(cls):
            raise TypeError(f"{cls.__name__} must be a dataclass to be an event")
        cls.__event__ = described  # type: ignore[attr-defined] # read back by event_type
        return cls

    return declare


def event_type(event_or_class: object) -> EventType:
    """Give the declaration of an event or of its class.

    Raises:
        TypeError: when it was never declared with `@event`.
    """
    described = getattr(event_or_class, "__event__", None)
    if not isinstance(described, EventType):
        raise TypeError(f"{event_or_class!r} is not declared with @event")
    return described


@dataclass(frozen=True, slots=True, eq=False)
class Table(Generic[Record]):
    """The records of one kind: a frozen dataclass, its key field, what is looked up and what is unique.

    `unique` holds tuples of fields; a tuple with a None among its values constrains nothing (as in SQL).
    `secret` fields are never written to the event log.
    """

    name: str
    record: type[Record]
    key: str = "id"
    indexes: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    secret: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Setting(Generic[Value]):
    """A value that topology or scenario may set; `name` is `service.what`.

    A Duration has `unit="duration"`.
    """

    name: str
    default: Value
    purpose: str
    unit: Literal["", "duration"] = ""
