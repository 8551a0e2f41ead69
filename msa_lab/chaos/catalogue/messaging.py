"""Faults of the broker, of its messages and of those who consume them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from msa_lab.chaos.effects import Copies, Crash, Delay, Drop, LostReply, Spoil, Unreachable
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.model import Form
from msa_lab.chaos.params import Param, Params
from msa_lab.sdk.distributions import Distribution, Stream
from msa_lab.sdk.values import Duration, seconds


@dataclass(frozen=True, slots=True)
class BrokerLoss(Params):
    """Parameters of broker.loss."""

    lose_unflushed: Annotated[bool, Param("forget what was taken but not yet on disk")] = False

    def effect(self, draw: Stream) -> Unreachable:  # noqa: ARG002 - part of the protocol
        """Refuse the publisher."""
        return Unreachable()


@dataclass(frozen=True, slots=True)
class AckLost(Params):
    """Parameters of broker.ack_lost."""

    def effect(self, draw: Stream) -> LostReply:  # noqa: ARG002 - part of the protocol
        """Take the message, lose the confirmation."""
        return LostReply()


@dataclass(frozen=True, slots=True)
class MsgDuplicate(Params):
    """Parameters of msg.duplicate."""

    copies: Annotated[int, Param("how many more times it is delivered", low=1, high=10)] = 1

    def effect(self, draw: Stream) -> Copies:  # noqa: ARG002 - part of the protocol
        """Deliver again."""
        return Copies(self.copies)


@dataclass(frozen=True, slots=True)
class MsgDelay(Params):
    """Parameters of msg.delay."""

    delays: ClassVar[bool] = True
    latency: Annotated[Distribution, Param("how much later: a duration or a distribution")]

    def effect(self, draw: Stream) -> Delay:
        """Deliver later; messages with the same key wait behind it."""
        return Delay(Duration(self.latency.sample(draw)))


@dataclass(frozen=True, slots=True)
class MsgReorder(Params):
    """Parameters of msg.reorder."""

    delays: ClassVar[bool] = True
    window: Annotated[Duration, Param("each message is held back for up to this, evenly", low=1)]

    def effect(self, draw: Stream) -> Delay:
        """Let later messages overtake."""
        return Delay(Duration(int(draw.random() * self.window)), overtaken=True)


@dataclass(frozen=True, slots=True)
class MsgDrop(Params):
    """Parameters of msg.drop."""

    def effect(self, draw: Stream) -> Drop:  # noqa: ARG002 - part of the protocol
        """Lose it for good."""
        return Drop()


@dataclass(frozen=True, slots=True)
class MsgPoison(Params):
    """Parameters of msg.poison."""

    how: Annotated[
        Literal["undecodable", "field-missing"], Param("whether it cannot be read at all or lacks a field")
    ] = "undecodable"

    def effect(self, draw: Stream) -> Spoil:  # noqa: ARG002 - part of the protocol
        """Spoil the payload."""
        return Spoil(self.how)


@dataclass(frozen=True, slots=True)
class CrashBeforeAck(Params):
    """Parameters of consumer.crash_before_ack."""

    restart_after: Annotated[Duration, Param("how long the instance is gone", low=0)] = seconds(1)

    def effect(self, draw: Stream) -> Crash:  # noqa: ARG002 - part of the protocol
        """Stop the instance between commit and acknowledgement."""
        return Crash(self.restart_after)


_MESSAGES: Final[tuple[Form, ...]] = ("event", "topic", "service", "everything")

KINDS: Final = (
    FaultKind(
        name="broker.loss",
        title="The broker is gone, then recovers",
        params=BrokerLoss,
        places=("publish", "state"),
        forms=("broker",),
        sim="Publishing is refused and nothing is delivered until the fault ends; what was stored is kept.",
        process="The broker's process is killed, and started again when the fault ends.",
        example="broker.loss broker lose_unflushed=true at 3s for 4s",
        needs="for",
        default="broker",
    ),
    FaultKind(
        name="broker.ack_lost",
        title="The broker takes a message, but its confirmation is lost",
        params=AckLost,
        places=("publish",),
        forms=("event", "topic", "service", "broker", "everything"),
        sim="The message is stored; the publisher sees an indefinite failure.",
        process="The host publishes, then reports the failure.",
        example="broker.ack_lost {topic} probability=0.3 at 1s for 5s",
        default="broker",
    ),
    FaultKind(
        name="msg.duplicate",
        title="Messages are delivered more than once",
        params=MsgDuplicate,
        places=("delivery",),
        forms=_MESSAGES,
        sim="The consumer is handed the same message again.",
        process="The consumer's host handles the same message again.",
        example="msg.duplicate {topic} copies=2 probability=0.3 at 1s for 8s",
    ),
    FaultKind(
        name="msg.delay",
        title="Messages are delivered late",
        params=MsgDelay,
        places=("delivery",),
        forms=_MESSAGES,
        sim="Delivery waits; the order of messages with one key is kept.",
        process="The consumer's host waits before it handles the message.",
        example="msg.delay {event} latency=2s at 1s for 8s",
    ),
    FaultKind(
        name="msg.reorder",
        title="Messages overtake each other",
        params=MsgReorder,
        places=("delivery",),
        forms=_MESSAGES,
        sim="Each message is held back for a random time; even those with one key change places.",
        process="The consumer's host holds messages back and handles others meanwhile.",
        example="msg.reorder {topic} window=500ms at 1s for 8s",
    ),
    FaultKind(
        name="msg.drop",
        title="Messages get lost between broker and consumer",
        params=MsgDrop,
        places=("delivery",),
        forms=_MESSAGES,
        sim="The message is gone for that consumer and never repeated: at most once.",
        process="The consumer's host acknowledges the message and does not handle it.",
        example="msg.drop {event} probability=0.2 at 1s for 8s",
    ),
    FaultKind(
        name="msg.poison",
        title="Messages arrive spoilt",
        params=MsgPoison,
        places=("delivery",),
        forms=_MESSAGES,
        sim="The payload cannot be read, on every attempt; only the dead letters can end it.",
        process="The consumer's host is handed a spoilt payload, on every attempt.",
        example="msg.poison {event} how=field-missing count=1 at 1s",
    ),
    FaultKind(
        name="consumer.crash_before_ack",
        title="A consumer dies after its commit, before it acknowledges",
        params=CrashBeforeAck,
        places=("delivery",),
        forms=("service", "event", "topic", "everything"),
        sim="The instance stops right after the final commit; the message is delivered again.",
        process="The consumer kills itself with SIGKILL right after the final commit.",
        example="consumer.crash_before_ack {consumer} restart_after=500ms count=2 at 1s",
    ),
)
