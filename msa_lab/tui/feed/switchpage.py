"""The pattern switches that a fork offers: each holds for a whole run, never from a moment on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch turned otherwise: its name, how it stands and would stand, what that teaches, the option."""

    name: str
    target: str
    title: str
    text: str


def switches(patterns: Mapping[str, str], wanted: str) -> list[Switch]:
    """Offer the switches that fit all the words wanted, each to another value than it has."""
    from msa_lab.topology import PATTERNS  # noqa: PLC0415 - heavy, and only when it is asked for

    words = wanted.lower().split()
    made = [
        Switch(
            f"patterns.{name}", f"{now} to {value}", PATTERNS[name].teaches, f"--set patterns.{name}={value}"
        )
        for name, now in patterns.items()
        for value in PATTERNS[name].values
        if value != now
    ]
    return [it for it in made if all(word in f"{it.name} {it.target} pattern".lower() for word in words)]


def why_not_from(t: int) -> str:
    """Say why a switch cannot be turned at an instant of the run, in microseconds."""
    return (
        f"not from T+{t / 1e6:.3f} on: what was written before (keys, inbox marks, outbox rows) would be "
        "that of the other pattern, and no shop is built so; it is turned from T+0"
    )
