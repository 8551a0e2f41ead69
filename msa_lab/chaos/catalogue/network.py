"""Faults between services that call each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msa_lab.chaos.effects import Abort, Delay, Drop
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.params import Param, Params
from msa_lab.sdk.distributions import Distribution, Stream
from msa_lab.sdk.values import Duration


@dataclass(frozen=True, slots=True)
class NetDelay(Params):
    """Parameters of net.delay."""

    delays: ClassVar[bool] = True
    latency: Annotated[Distribution, Param("added to each leg: a duration or a distribution")]
    jitter: Annotated[Duration, Param("more or less by up to this, evenly", low=0)] = Duration(0)

    def effect(self, draw: Stream) -> Delay:
        """Draw the latency, then the jitter around it."""
        late = self.latency.sample(draw)
        if self.jitter:
            late += int((2 * draw.random() - 1) * self.jitter)
        return Delay(Duration(max(0, late)))


@dataclass(frozen=True, slots=True)
class Loss(Params):
    """Parameters of net.loss."""

    def effect(self, draw: Stream) -> Drop:  # noqa: ARG002 - part of the protocol
        """Lose the leg."""
        return Drop()


@dataclass(frozen=True, slots=True)
class Partition(Params):
    """Parameters of net.partition."""

    one_way: Annotated[bool, Param("only what travels from the first to the second is lost")] = False

    def effect(self, draw: Stream) -> Drop:  # noqa: ARG002 - part of the protocol
        """Lose the leg."""
        return Drop()


@dataclass(frozen=True, slots=True)
class HttpAbort(Params):
    """Parameters of http.abort."""

    status: Annotated[int, Param("the HTTP status to answer with", low=500, high=599)] = 503

    def effect(self, draw: Stream) -> Abort:  # noqa: ARG002 - part of the protocol
        """Answer at once."""
        return Abort(self.status)


KINDS: Final = (
    FaultKind(
        name="net.delay",
        title="Messages take longer",
        params=NetDelay,
        places=("request", "reply"),
        forms=("link", "service", "instance", "operation", "everything"),
        sim="Request or reply, or both, arrive later.",
        process="The host holds the bytes back.",
        example="net.delay {caller} -> {callee} latency=200ms jitter=50ms at 2s for 8s",
        directed=True,
    ),
    FaultKind(
        name="net.loss",
        title="Messages get lost",
        params=Loss,
        places=("request", "reply"),
        forms=("link", "service", "instance", "operation", "everything"),
        sim="The request or the reply vanishes; the caller waits until its timeout.",
        process="The host swallows the request or the reply and keeps the connection open.",
        example="net.loss {caller} -> {callee} probability=0.5 direction=reply at 2s for 8s",
        directed=True,
    ),
    FaultKind(
        name="net.partition",
        title="Services cannot reach each other",
        params=Partition,
        places=("packet", "state"),
        forms=("link", "service", "instance", "everything"),
        sim="Every leg between the two sides is lost, whoever calls; the broker stays reachable.",
        process="The hosts cut and refuse the connections between the two sides.",
        example="net.partition {caller} -> {callee} at 2s for 5s",
        needs="for",
    ),
    FaultKind(
        name="http.abort",
        title="Calls are answered with an error",
        params=HttpAbort,
        places=("request",),
        forms=("operation", "link", "service", "instance", "everything"),
        sim="The callee answers with a failure and does not run; the caller cannot know that it did not.",
        process="The callee's host answers with the status before the handler runs.",
        example="http.abort {operation} status=503 probability=0.3 at 1s for 5s",
        side="callee",
    ),
)
