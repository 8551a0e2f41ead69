"""Reads what a fault's target says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.model import (
    ANY,
    Broker,
    EventNamed,
    Everything,
    Flow,
    Form,
    Instance,
    Link,
    OperationNamed,
    Service,
    Target,
    Topic,
)
from msa_lab.chaos.naming import Names
from msa_lab.source import did_you_mean, listed, quoted
from msa_lab.source.mistakes import BAD_VALUE, CONTRADICTION, UNKNOWN_NAME

_ARROW = re.compile(r"\s*(?:->|→)\s*")
_INSTANCE = re.compile(r"(.+)-([1-9][0-9]{0,3})")

SAID: dict[Form, str] = {
    "everything": "* (all of the shop's services)",
    "service": "a service",
    "instance": "an instance such as NAME-1",
    "link": "a link such as A -> B",
    "operation": "an operation",
    "topic": "a topic",
    "event": "an event",
    "broker": "broker",
    "flow": "a flow of the scenario",
}


class Complaint(Exception):
    """What is wrong with a target: `offset` and `length` of the words meant (length 0: all of it)."""

    def __init__(
        self, code: str, message: str, suggestion: str | None = None, offset: int = 0, length: int = 0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.suggestion = suggestion
        self.offset = offset
        self.length = length


def parse_target(text: str, kind: FaultKind, names: Names) -> Target:
    """Read a target of that kind of fault.

    Raises:
        Complaint: when it names nothing there is, or the kind cannot have it.
    """
    target = _read(text, kind, names)
    if target.form not in kind.forms:
        raise Complaint(
            CONTRADICTION,
            f"{kind.name} takes {_forms(kind)}; {quoted(text)} is {SAID[target.form].partition(' such')[0]}",
        )
    _check_party(text, target, kind, names)
    return target


def _read(text: str, kind: FaultKind, names: Names) -> Target:  # noqa: PLR0911 - one way out for each form
    if arrow := _ARROW.search(text):
        return _link(text, arrow, names)
    if text == ANY:
        return Everything()
    if text in names.services or text in names.outside:
        return Service(text)
    if text == "broker":
        return Broker()
    if text in names.operations:
        return OperationNamed(text)
    if text in names.topics and ("topic" in kind.forms or text not in names.events):
        return Topic(text)
    if text in names.events:
        return EventNamed(text)
    if "flow" in kind.forms and (text in names.flows or not names.flows):
        return Flow(text)
    if (match := _INSTANCE.fullmatch(text)) and match[1] in (*names.services, *names.outside):
        return _instance(text, match[1], int(match[2]), names)
    known = tuple(_known(kind, names))
    what = SAID[kind.forms[0]].partition(" such")[0].removeprefix("a ").removeprefix("an ")
    named = "target" if len(kind.forms) > 1 else what
    raise Complaint(UNKNOWN_NAME, f"unknown {named} {quoted(text)}", did_you_mean(text, known))


def _instance(text: str, service: str, number: int, names: Names) -> Instance:
    count = names.replicas.get(service)
    if count is not None and number > count:
        there = f"{service}-1" if count == 1 else f"{service}-1 to {service}-{count}"
        raise Complaint(UNKNOWN_NAME, f"there is no {quoted(text)}; the topology has {there}")
    return Instance(service, number)


def _link(text: str, arrow: re.Match[str], names: Names) -> Link:
    sides = (text[: arrow.start()].strip(), text[arrow.end() :].strip())
    known = (*names.services, *names.outside)
    for side, offset in zip(sides, (0, arrow.end()), strict=True):
        if not side:
            raise Complaint(BAD_VALUE, f"{quoted(text)} lacks a side; a link is written A -> B")
        if side != ANY and side not in known:
            raise Complaint(
                UNKNOWN_NAME, f"unknown service {quoted(side)}", did_you_mean(side, known), offset, len(side)
            )
    return Link(*sides)


def _check_party(text: str, target: Target, kind: FaultKind, names: Names) -> None:
    if kind.outside:
        service = names.operations.get(text, text)
        if service not in names.outside:
            raise Complaint(
                CONTRADICTION,
                f"{kind.name} hurts an outside party ({_either(names.outside)}); {quoted(service)} is a "
                "service of the shop",
            )
    elif isinstance(target, Service | Instance) and kind.domain in ("process", "db", "cache", "clock"):
        service = target.name if isinstance(target, Service) else target.service
        if service in names.outside:
            raise Complaint(
                CONTRADICTION,
                f"{quoted(service)} is an outside party; {kind.name} hurts the shop's own services",
            )


def _either(names: tuple[str, ...]) -> str:
    return listed(names) if names else "there is none"


def _forms(kind: FaultKind) -> str:
    return listed(SAID[form] for form in kind.forms)


def _known(kind: FaultKind, names: Names) -> Iterator[str]:
    for form in kind.forms:
        match form:
            case "service" if kind.outside:
                yield from names.outside
            case "service" | "link":
                yield from (*names.services, *names.outside)
            case "instance":
                yield from (f"{name}-1" for name in names.services)
            case "operation":
                operations = names.operations
                yield from (op for op in operations if not kind.outside or operations[op] in names.outside)
            case "topic":
                yield from names.topics
            case "event":
                yield from names.events
            case "flow":
                yield from names.flows
            case "broker" | "everything":
                yield str(Broker()) if form == "broker" else ANY
