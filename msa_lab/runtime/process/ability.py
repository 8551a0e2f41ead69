"""What real processes cannot do honestly: planned faults that only the simulated world can play."""

from __future__ import annotations

from msa_lab.chaos.catalogue.messaging import BrokerLoss
from msa_lab.chaos.model import FaultSpec


def cannot(fault: FaultSpec) -> str:
    """Tell why real processes cannot play a fault, '' when they can."""
    if isinstance(fault.params, BrokerLoss) and fault.params.lose_unflushed:
        return "what Valkey has confirmed survives the kill of its process; nothing is lost"
    return ""
