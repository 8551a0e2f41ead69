"""Faults of processes and of their clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.params import Param, Params
from msa_lab.sdk.values import Duration, seconds


@dataclass(frozen=True, slots=True)
class Kill(Params):
    """Parameters of process.kill."""

    restart_after: Annotated[Duration, Param("how long the instance is gone; `for` says the same")] = seconds(
        1
    )


@dataclass(frozen=True, slots=True)
class Pause(Params):
    """Parameters of process.pause."""


@dataclass(frozen=True, slots=True)
class Skew(Params):
    """Parameters of clock.skew."""

    offset: Annotated[
        Duration, Param("how far the clock is ahead; a negative offset puts it behind", signed=True)
    ]


KINDS: Final = (
    FaultKind(
        name="process.kill",
        title="An instance dies and comes back",
        params=Kill,
        places=("state",),
        forms=("instance", "service", "everything"),
        sim="The instance stops between two awaits; memory is lost, what was committed stays. "
        "A new incarnation starts when the fault ends.",
        process="SIGKILL to the process; the supervisor starts it again when the fault ends.",
        example="process.kill {callee}-1 restart_after=2s at 3s",
        needs="for",
        lease="restart_after",
    ),
    FaultKind(
        name="process.pause",
        title="An instance stands still, then goes on as if nothing had been",
        params=Pause,
        places=("state",),
        forms=("instance", "service", "everything"),
        sim="The instance does nothing; messages wait, timers that have passed fire when it goes on.",
        process="SIGSTOP, and SIGCONT when the fault ends.",
        example="process.pause {caller}-1 at 3s for 2s",
        needs="for",
    ),
    FaultKind(
        name="clock.skew",
        title="An instance's clock is wrong",
        params=Skew,
        places=("state",),
        forms=("instance", "service", "everything"),
        sim="The instance reads a time that is off; waiting takes as long as ever.",
        process="The host adds the offset to what the service reads.",
        example="clock.skew {caller}-1 offset=5s at 2s for 10s",
        needs="for",
    ),
)
