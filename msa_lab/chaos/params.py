"""The parameters of a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from msa_lab.chaos.effects import Effect
from msa_lab.sdk.distributions import Stream


class Params:
    """The parameters of one kind: a frozen dataclass whose fields are `Annotated[type, Param(...)]`."""

    __slots__ = ()
    delays: ClassVar[bool] = False
    """Whether the effect is always a delay."""

    def effect(self, draw: Stream) -> Effect:  # noqa: ARG002 - for kinds that override it
        """Give what happens to one message, commit or delivery, drawing from the fault's own stream.

        Raises:
            TypeError: when the kind acts as a state, not on single occasions.
        """
        raise TypeError(f"{type(self).__name__} does not act on single occasions")


@dataclass(frozen=True, slots=True)
class Param:
    """What a parameter is for, and its bounds, both included; only `signed` durations may be negative."""

    purpose: str
    low: float | None = None
    high: float | None = None
    signed: bool = False
