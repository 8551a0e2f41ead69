"""The pattern switches: what each is, which values it has, what turning it teaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ON_OFF: Final = ("on", "off")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One switch. The first value is the textbook way and the default, unless `default` says otherwise."""

    name: str
    values: tuple[str, ...]
    default: str
    teaches: str


PATTERNS: Final[Mapping[str, Pattern]] = {
    pattern.name: pattern
    for pattern in (
        Pattern(
            "checkout", ("orchestrated", "choreographed"), "orchestrated",
            "one service drives the saga, or each reacts to the events of the one before",
        ),
        Pattern(
            "outbox", ON_OFF, "on",
            "without it a crash between commit and publish loses the event: services disagree for ever",
        ),
        Pattern(
            "inbox", ON_OFF, "on",
            "without it an event delivered twice is applied twice: brokers deliver at least once",
        ),
        Pattern(
            "idempotency", ON_OFF, "on",
            "without keys a retry after a lost reply does the work again: the card is charged twice",
        ),
        Pattern(
            "retry", ON_OFF, "on",
            "without it every short fault becomes a refused order",
        ),
        Pattern(
            "breaker", ON_OFF, "on",
            "without it callers wait for a dead service, and its trouble becomes everybody's",
        ),
        Pattern(
            "bulkhead", ON_OFF, "on",
            "without it one slow service takes all the caller's room, and calls to healthy ones wait too",
        ),
        Pattern(
            "timeout_budget", ON_OFF, "on",
            "without it a service goes on working for a caller that has long given up",
        ),
        Pattern(
            "cache", ("aside", "none"), "aside",
            "without a cache every read asks the owner; with one, what is read may be old",
        ),
        Pattern(
            "stock", ("reserve", "check-then-act"), "reserve",
            "checking first and acting later sells the last piece twice",
        ),
        Pattern(
            "isolation", ("versioned", "none"), "versioned",
            "without versions two writers overwrite each other and nobody is told",
        ),
        Pattern(
            "database", ("per-service", "shared"), "per-service",
            "one database for all has one writer for all: its trouble is everybody's, and so is its queue",
        ),
        Pattern(
            "balancing", ("round-robin", "random", "least-loaded", "two-choices"), "round-robin",
            "how a caller picks among replicas decides the tail of the latency",
        ),
        Pattern(
            "placement", ("twelve", "modular", "monolith"), "twelve",
            "fewer processes have fewer calls that can fail, and fail together",
        ),
    )
}  # fmt: skip
"""Every switch of this version, by name."""

LATER: Final[Mapping[str, tuple[str, ...]]] = {
    "hedging": (),
    "read_model": (),
    "discovery": (),
    "shedding": (),
    "autoscale": (),
    "checkout": ("two-phase", "synchronous"),
}
"""Switches (no values given) and values that the design knows and this version does not have."""


def defaults() -> dict[str, str]:
    """Give every pattern its textbook value."""
    return {pattern.name: pattern.default for pattern in PATTERNS.values()}
