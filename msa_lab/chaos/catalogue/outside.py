"""Faults of outside parties: a payment provider and its like. Their target is a service marked `outside`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msa_lab.chaos.effects import Abort, Copies, Delay, Drop, Refuse
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.model import Form
from msa_lab.chaos.params import Param, Params
from msa_lab.sdk.distributions import Distribution, Stream
from msa_lab.sdk.values import Duration


@dataclass(frozen=True, slots=True)
class TimeoutNoCharge(Params):
    """Parameters of pay.timeout_no_charge."""

    def effect(self, draw: Stream) -> Drop:  # noqa: ARG002 - part of the protocol
        """Lose the request."""
        return Drop()


@dataclass(frozen=True, slots=True)
class TimeoutCharged(Params):
    """Parameters of pay.timeout_charged."""

    def effect(self, draw: Stream) -> Drop:  # noqa: ARG002 - part of the protocol
        """Lose the reply."""
        return Drop()


@dataclass(frozen=True, slots=True)
class Decline(Params):
    """Parameters of pay.decline."""

    code: Annotated[str, Param("the code of the refusal, one that the operation declares")]

    def effect(self, draw: Stream) -> Refuse:  # noqa: ARG002 - part of the protocol
        """Say no."""
        return Refuse(self.code)


@dataclass(frozen=True, slots=True)
class ServerError(Params):
    """Parameters of pay.5xx."""

    status: Annotated[int, Param("the HTTP status to answer with", low=500, high=599)] = 500

    def effect(self, draw: Stream) -> Abort:  # noqa: ARG002 - part of the protocol
        """Answer at once."""
        return Abort(self.status)


@dataclass(frozen=True, slots=True)
class Slow(Params):
    """Parameters of pay.slow."""

    delays: ClassVar[bool] = True
    latency: Annotated[Distribution, Param("added to each request: a duration or a distribution")]

    def effect(self, draw: Stream) -> Delay:
        """Draw the latency."""
        return Delay(Duration(self.latency.sample(draw)))


@dataclass(frozen=True, slots=True)
class WebhookLate(Params):
    """Parameters of pay.webhook_late."""

    delays: ClassVar[bool] = True
    delay: Annotated[Distribution, Param("how much later: a duration or a distribution")]

    def effect(self, draw: Stream) -> Delay:
        """Draw the delay; later notices may overtake."""
        return Delay(Duration(self.delay.sample(draw)), overtaken=True)


@dataclass(frozen=True, slots=True)
class WebhookDuplicate(Params):
    """Parameters of pay.webhook_duplicate."""

    copies: Annotated[int, Param("how many more times it is sent", low=1, high=10)] = 1

    def effect(self, draw: Stream) -> Copies:  # noqa: ARG002 - part of the protocol
        """Send again."""
        return Copies(self.copies)


@dataclass(frozen=True, slots=True)
class WebhookLost(Params):
    """Parameters of pay.webhook_lost."""

    def effect(self, draw: Stream) -> Drop:  # noqa: ARG002 - part of the protocol
        """Lose it."""
        return Drop()


_PARTY: Final[tuple[Form, ...]] = ("service", "operation")
_NOTICE: Final[tuple[Form, ...]] = ("service",)

KINDS: Final = (
    FaultKind(
        name="pay.timeout_no_charge",
        title="The provider never gets the request",
        params=TimeoutNoCharge,
        places=("request",),
        forms=_PARTY,
        sim="The request is lost: nothing is charged, the caller waits until its timeout.",
        process="The provider's host swallows the request.",
        example="pay.timeout_no_charge {party} probability=0.3 at 1s for 8s",
        outside=True,
        side="callee",
        unsafe_only=True,
    ),
    FaultKind(
        name="pay.timeout_charged",
        title="The provider charges, but its answer is lost",
        params=TimeoutCharged,
        places=("reply",),
        forms=_PARTY,
        sim="The provider does the work; the caller waits until its timeout and cannot know.",
        process="The provider's host does the work and swallows the reply.",
        example="pay.timeout_charged {party} probability=0.3 at 1s for 8s",
        outside=True,
        side="callee",
        unsafe_only=True,
    ),
    FaultKind(
        name="pay.decline",
        title="The provider says no",
        params=Decline,
        places=("request",),
        forms=_PARTY,
        sim="The provider refuses with the code, on the operations that declare it; nothing is charged.",
        process="The provider's host answers with the refusal.",
        example="pay.decline {party} code={refusal} probability=0.2 at 1s for 8s",
        outside=True,
        side="callee",
        unsafe_only=True,
    ),
    FaultKind(
        name="pay.5xx",
        title="The provider fails inside",
        params=ServerError,
        places=("request",),
        forms=_PARTY,
        sim="The provider answers with a server error; nothing is charged, but the caller cannot know.",
        process="The provider's host answers with the status.",
        example="pay.5xx {party} status=502 probability=0.3 at 1s for 8s",
        outside=True,
        side="callee",
    ),
    FaultKind(
        name="pay.slow",
        title="The provider takes its time",
        params=Slow,
        places=("request",),
        forms=_PARTY,
        sim="Each request reaches the provider later.",
        process="The provider's host waits before it starts.",
        example="pay.slow {party} latency=lognormal(800ms, 0.5) at 1s for 8s",
        outside=True,
        side="callee",
    ),
    FaultKind(
        name="pay.webhook_late",
        title="The provider's notices come late",
        params=WebhookLate,
        places=("webhook",),
        forms=_NOTICE,
        sim="What the provider sends to the shop arrives later; notices may overtake each other.",
        process="The provider's host waits before it sends.",
        example="pay.webhook_late {party} delay=3s at 1s for 8s",
        outside=True,
        side="caller",
    ),
    FaultKind(
        name="pay.webhook_duplicate",
        title="The provider's notices come more than once",
        params=WebhookDuplicate,
        places=("webhook",),
        forms=_NOTICE,
        sim="What the provider sends to the shop arrives again.",
        process="The provider's host sends it again.",
        example="pay.webhook_duplicate {party} copies=2 at 1s for 8s",
        outside=True,
        side="caller",
    ),
    FaultKind(
        name="pay.webhook_lost",
        title="The provider's notices get lost",
        params=WebhookLost,
        places=("webhook",),
        forms=_NOTICE,
        sim="What the provider sends to the shop vanishes; the provider sees a timeout and may send again.",
        process="The provider's host does not send and reports a timeout to itself.",
        example="pay.webhook_lost {party} probability=0.5 at 1s for 8s",
        outside=True,
        side="caller",
    ),
)
