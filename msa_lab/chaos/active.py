"""A fault that is in force."""

from __future__ import annotations

from msa_lab.chaos.catalogue import CATALOGUE
from msa_lab.chaos.effects import Effect
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.model import FaultSpec
from msa_lab.sdk.distributions import Stream


class ActiveFault:
    """One fault between its start and its end; draws from a stream of its own.

    `touched` counts the occasions it struck. `left` is how many it may still strike (None: any number).
    """

    __slots__ = ("_stream", "delays", "kind", "left", "spec", "touched")

    def __init__(self, spec: FaultSpec, stream: Stream) -> None:
        self.spec = spec
        self.kind: FaultKind = CATALOGUE[spec.kind]
        self.delays = spec.params.delays
        self.touched = 0
        self.left = spec.count
        self._stream = stream

    @property
    def id(self) -> str:
        """The fault's name in this run."""
        return self.spec.id

    @property
    def spent(self) -> bool:
        """Whether its count is used up."""
        return self.left == 0

    def strikes(self) -> bool:
        """Decide by probability and count whether an occasion that matches is struck, and count it if so."""
        if self.left == 0:
            return False
        probability = self.spec.probability
        if probability < 1 and self._stream.random() >= probability:
            return False
        self.touched += 1
        if self.left is not None:
            self.left -= 1
        return True

    def effect(self) -> Effect:
        """Give what happens to the occasion that was struck."""
        return self.spec.params.effect(self._stream)

    def touch(self, times: int = 1) -> None:
        """Count what a state fault touched: instances killed, keys flushed, shoppers added."""
        self.touched += times
