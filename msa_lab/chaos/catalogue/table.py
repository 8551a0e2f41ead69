"""The kinds of faults by name, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msa_lab.chaos.catalogue import load, messaging, network, outside, process, stores
from msa_lab.chaos.kinds import FaultKind

CATALOGUE: Final[Mapping[str, FaultKind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            *process.KINDS, *network.KINDS, *messaging.KINDS, *stores.KINDS, *outside.KINDS, *load.KINDS,
        )
    }
)  # fmt: skip
"""Kind by name."""
