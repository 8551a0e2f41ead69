"""The port to the broker: publish with confirmation, consume in the order of keys, dead letters."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

PARTITIONS = 4
"""Into how many parts a topic is split; a key is always in the same one."""

ANSWER_WITHIN = 2.0
"""How many seconds the broker has to confirm a message."""


class BrokerAway(Exception):
    """The broker does not answer, or not as it should; it is worth asking again."""


class Message(msgspec.Struct, frozen=True, array_like=True):
    """A domain event under way. `id` stays the same however often it is published; `cause` is a log id."""

    id: str
    event: str
    topic: str
    key: str
    saga: str
    trace: int
    cause: int
    lamport: int
    at: int
    data: Any


class Entry(msgspec.Struct, eq=False):
    """A message as it was handed out to a member of a group.

    `place` is the same when the broker hands the very same message out again, `token` is what it then wants
    to hear. `earlier` says how often it was handed out before.
    """

    message: Message
    place: tuple[str, object]
    token: Any
    earlier: int = 0


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that a group gave up, for a `fault` perhaps. `at` is the run's time in microseconds.

    `cause` and `lamport` are those of the log.
    """

    group: str
    message: Message
    reason: str
    attempts: int
    at: int
    cause: int = 0
    lamport: int = 0
    fault: str = ""


class NoSuchLetter(LookupError):
    """There is no dead letter of that group and message."""


class Subscription(Protocol):
    """One member's share of what a group hears.

    All raise BrokerAway when the broker is; then this subscription is over.
    """

    async def fetch(self, room: int) -> list[Entry]:
        """Give what is there, at least when there is something new; wait a while if nothing is.

        It wants to be called a few times per visibility timeout, with no room as well: that is how the broker
        knows that the member lives.
        """
        ...

    async def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Say that these are done."""
        ...

    async def bury(self, entry: Entry, letter: DeadLetter) -> None:
        """Put a message that is given up among the dead letters, and be done with it."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...


class Letters(Protocol):
    """The dead letters of all groups. All raise BrokerAway, all but `listed` NoSuchLetter."""

    async def listed(self, groups: Sequence[str]) -> list[DeadLetter]:
        """Give the dead letters of these groups, oldest first."""
        ...

    async def find(self, group: str, message: str) -> DeadLetter:
        """Give one, by the message's id."""
        ...

    async def edit(self, group: str, message: str, data: Any) -> DeadLetter:  # noqa: ANN401 - JSON
        """Give one other content, and give it back."""
        ...

    async def replay(self, group: str, message: str) -> None:
        """Hand one out again, to that group alone; it is no dead letter then."""
        ...

    async def drop(self, group: str, message: str) -> None:
        """Forget one."""
        ...


class Broker(Protocol):
    """A connection to the broker, from one process."""

    @property
    def letters(self) -> Letters:
        """The dead letters."""
        ...

    async def prepare(self, groups: Mapping[str, Sequence[str]]) -> None:
        """Make what groups need to miss nothing of their topics; harmless when it is there.

        Raises:
            BrokerAway: when the broker is.
        """
        ...

    async def publish(self, message: Message, body: bytes) -> None:
        """Hand a message over and wait for the confirmation.

        Raises:
            PublishRefused: when the broker is not there.
            PublishFailure: when it may have taken the message.
        """
        ...

    async def ping(self) -> None:
        """Ask whether it is there.

        Raises:
            BrokerAway: when it is not.
        """
        ...

    def subscribe(self, group: str, member: str, topics: Sequence[str]) -> Subscription:
        """Join a group that was prepared."""
        ...

    async def tidy(self, hearers: Mapping[str, Sequence[str]]) -> int:
        """Forget the oldest messages of topics, as far as all their groups have acknowledged them.

        `hearers` has all groups of each topic; a group that is not there yet has acknowledged nothing. Gives
        how many were forgotten, as far as is known.

        Raises:
            BrokerAway: when the broker is.
        """
        ...

    async def clean(self) -> None:
        """Remove all that the run has left in the broker.

        Raises:
            BrokerAway: when the broker is.
        """
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


def heed_cancellation() -> None:
    """End the current task if it was cancelled; to be asked in every endless loop over a broker's client.

    A client whose connection is closed while it is cancelled may tell only of the former, or of nothing.

    Raises:
        CancelledError: then.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def away(error: BaseException) -> BrokerAway:
    """Give what an error of a client means here.

    Raises:
        CancelledError: when it means that we were cancelled.
    """
    heed_cancellation()
    return BrokerAway(f"{type(error).__name__}: {error}")


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Message)
_letter = msgspec.msgpack.Decoder(DeadLetter)


def packed(message: Message | DeadLetter) -> bytes:
    """Write a message or a letter."""
    return _encode(message)


def unpacked(body: bytes) -> Message:
    """Read a message."""
    return _decoder.decode(body)


def unpacked_letter(body: bytes) -> DeadLetter:
    """Read a letter."""
    return _letter.decode(body)


def part_of(key: str) -> int:
    """Give the part of its topic that a key is in."""
    return zlib.crc32(key.encode()) % PARTITIONS
