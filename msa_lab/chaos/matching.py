"""Pure predicates: what a fault touches. `services` are the shop's own, without outside parties."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Literal, NamedTuple

from msa_lab.chaos.catalogue import CATALOGUE
from msa_lab.chaos.catalogue.network import Partition
from msa_lab.chaos.catalogue.outside import Decline
from msa_lab.chaos.model import (
    ANY,
    EventNamed,
    Everything,
    FaultSpec,
    Flow,
    Instance,
    Link,
    OperationNamed,
    Service,
    Target,
    Topic,
)
from msa_lab.sdk.contract import Operation

Leg = Literal["request", "reply"]


class Hop(NamedTuple):
    """A call as the network sees it; see `hop_of`.

    `refusals` are the codes that the operation declares; None means not known, and then any is possible.
    """

    caller: str
    callee: str
    operation: str
    safe: bool = False
    caller_instance: str = ""
    callee_instance: str = ""
    refusals: tuple[str, ...] | None = None


def hop_of(
    operation: Operation[Any, Any], caller: str, caller_instance: str = "", callee_instance: str = ""
) -> Hop:
    """Describe a call of an operation; hosts keep the result, it is the same for every call of its kind."""
    return Hop(
        caller,
        operation.service,
        operation.name,
        operation.safe,
        caller_instance,
        callee_instance,
        tuple(error.code for error in operation.errors),
    )


def touches_leg(spec: FaultSpec, hop: Hop, leg: Leg, services: Container[str]) -> bool:
    """Tell whether a network or provider fault concerns this leg of this call."""
    kind = CATALOGUE[spec.kind]
    if "packet" in kind.places:
        one_way = isinstance(spec.params, Partition) and spec.params.one_way
        return _touches_packet(spec.target, hop, leg, services, one_way=one_way)
    if "webhook" in kind.places:
        return leg == "request" and hop.callee in services and str(spec.target) == hop.caller
    if leg not in kind.places or spec.direction not in ("both", leg) or (kind.unsafe_only and hop.safe):
        return False
    if isinstance(spec.params, Decline) and hop.refusals is not None and spec.params.code not in hop.refusals:
        return False
    return _touches_call(spec.target, hop, services, callee_only=kind.side == "callee")


def _touches_call(target: Target, hop: Hop, services: Container[str], *, callee_only: bool) -> bool:
    match target:
        case Everything():
            return hop.callee in services and (callee_only or hop.caller in services)
        case Link(source=source, target=sink):
            return _is_side(source, hop.caller, services) and _is_side(sink, hop.callee, services)
        case OperationNamed(name=name):
            return hop.operation == name
        case Service(name=name):
            return hop.callee == name or (hop.caller == name and not callee_only)
        case Instance():
            name = str(target)
            return hop.callee_instance == name or (hop.caller_instance == name and not callee_only)
        case _:
            return False


def _touches_packet(target: Target, hop: Hop, leg: Leg, services: Container[str], *, one_way: bool) -> bool:
    sender, receiver = (hop.caller, hop.callee) if leg == "request" else (hop.callee, hop.caller)
    match target:
        case Everything():
            return sender in services and receiver in services
        case Link(source=source, target=sink):
            there = _is_side(source, sender, services) and _is_side(sink, receiver, services)
            back = _is_side(source, receiver, services) and _is_side(sink, sender, services)
            return there or (back and not one_way)
        case Service(name=name):
            return sender == name or (receiver == name and not one_way)
        case Instance():
            name = str(target)
            from_it, to_it = hop.caller_instance == name, hop.callee_instance == name
            sends, receives = (from_it, to_it) if leg == "request" else (to_it, from_it)
            return sends or (receives and not one_way)
        case _:
            return False


def _is_side(side: str, service: str, services: Container[str]) -> bool:
    return service in services if side == ANY else side == service


def touches_message(target: Target, service: str, topic: str, event: str) -> bool:
    """Tell whether a fault concerns a message.

    `service` is the publisher where the fault acts on publishing, the consumer group where on delivery.
    """
    match target:
        case Topic(name=name):
            return topic == name
        case EventNamed(name=name):
            return event == name
        case Service(name=name):
            return service == name
        case _:
            return True


def touches_instance(target: Target, service: str, instance: str, services: Container[str]) -> bool:
    """Tell whether a fault concerns an instance: its process, clock or cache."""
    match target:
        case Service(name=name):
            return service == name
        case Instance():
            return instance == str(target)
        case _:
            return service in services


def touches_store(
    target: Target, service: str, instance: str, services: Container[str], *, shared: bool
) -> bool:
    """Tell whether a fault concerns an instance's database.

    A `shared` one is the database of each of `services`: who names one of them names it for all.
    """
    if shared and isinstance(target, Service) and target.name in services:
        return service in services
    return touches_instance(target, service, instance, services)


def touches_flow(target: Target, flow: str) -> bool:
    """Tell whether a load fault concerns a flow of shoppers."""
    return not isinstance(target, Flow) or target.name == flow
