"""How what several faults do to one message, commit or delivery adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msa_lab.chaos.active import ActiveFault
from msa_lab.chaos.effects import (
    Abort,
    Act,
    Copies,
    Crash,
    Delay,
    Drop,
    Effect,
    LostReply,
    Refuse,
    Spoil,
    Unreachable,
)
from msa_lab.sdk.values import Duration

__all__ = [
    "PASS",
    "Abort",
    "Act",
    "Copies",
    "Crash",
    "Delay",
    "Drop",
    "Effect",
    "LostReply",
    "Refuse",
    "Spoil",
    "Unreachable",
    "Verdict",
    "judge",
]


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
