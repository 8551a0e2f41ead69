"""What faults do to one message, commit or delivery, and how several add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from msa_lab.sdk.values import Duration

if TYPE_CHECKING:
    from msa_lab.chaos.active import ActiveFault


@dataclass(frozen=True, slots=True)
class Delay:
    """It arrives later. `overtaken`: what was sent after it, even with the same key, may arrive before it."""

    by: Duration
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """It never arrives, and nobody is told."""


@dataclass(frozen=True, slots=True)
class Abort:
    """The callee's host answers with this HTTP status and runs no handler; the caller cannot know that."""

    status: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """The callee answers with the business refusal of this code; the handler does not run."""

    code: str


@dataclass(frozen=True, slots=True)
class Copies:
    """It arrives once, and `extra` times more."""

    extra: int


@dataclass(frozen=True, slots=True)
class Spoil:
    """The payload becomes unreadable as a whole, or loses one field."""

    how: Literal["undecodable", "field-missing"]


@dataclass(frozen=True, slots=True)
class Crash:
    """The consumer commits, then its instance stops before it acknowledges; it is back after a time."""

    restart_after: Duration


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody is there: a definite failure."""


@dataclass(frozen=True, slots=True)
class LostReply:
    """The reply is lost: an indefinite failure. `done` tells whether the thing itself was done."""

    done: bool = True


Act = Drop | Abort | Refuse | Copies | Spoil | Crash | Unreachable | LostReply
Effect = Delay | Act


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the host has to do: wait `delay` first, then the `act`, if any. `faults` are those that struck."""

    delay: Duration = Duration(0)
    overtaken: bool = False
    act: Act | None = None
    faults: tuple[ActiveFault, ...] = ()


PASS: Final = Verdict()
"""Untouched; the only verdict without faults, so `verdict is PASS` is the whole check."""


def judge(faults: Sequence[ActiveFault]) -> Verdict:
    """Ask the faults that match an occasion, in the order in which they started.

    Delays add up. The first fault that does more than delay decides; those after it are asked only for
    delays, and after a drop not at all: a fault that could change nothing is not counted as having touched.
    """
    delay = 0
    overtaken = False
    act: Act | None = None
    struck: list[ActiveFault] = []
    for fault in faults:
        if act is not None and (not fault.delays or isinstance(act, Drop)):
            continue
        if not fault.strikes():
            continue
        struck.append(fault)
        effect = fault.effect()
        if isinstance(effect, Delay):
            delay += effect.by
            overtaken = overtaken or effect.overtaken
        else:
            act = effect
    if not struck:
        return PASS
    return Verdict(Duration(delay), overtaken, act, tuple(struck))
