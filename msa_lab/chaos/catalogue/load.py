"""Faults of the load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.params import Param, Params


@dataclass(frozen=True, slots=True)
class Spike(Params):
    """Parameters of load.spike."""

    factor: Annotated[float, Param("how many times as many shoppers come", low=1, high=1000)]


KINDS: Final = (
    FaultKind(
        name="load.spike",
        title="Many more shoppers come",
        params=Spike,
        places=("state",),
        forms=("flow", "everything"),
        sim="The arrival rate of the load phases is multiplied while the fault lasts.",
        process="The same, with real requests.",
        example="load.spike * factor=5 at 5s for 5s",
        needs="for",
        default="*",
    ),
)
