"""The broker on RabbitMQ: quorum queues, publisher confirms, a dead-letter exchange.

Each group has a queue for each part of its topics, with a single active consumer: so there is one consumer
for each key, and another takes over when its connection is gone. Names carry the run's prefix.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aio_pika
import aio_pika.exceptions
import msgspec
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage

from msa_lab.runtime.process.bus import (
    ANSWER_WITHIN,
    PARTITIONS,
    BrokerAway,
    DeadLetter,
    Entry,
    Message,
    NoSuchLetter,
    away,
    packed,
    part_of,
    unpacked,
    unpacked_letter,
)
from msa_lab.sdk.failures import PublishFailure, PublishRefused
from msa_lab.sdk.values import Duration

PREFETCH = 16
"""How many messages of one queue the broker hands out before it is told of one that is done."""

HANDED_OUT_AT_MOST = 100
"""After so many returns the broker itself makes a dead letter of a message: of one that kills its consumers.

What was only waiting beside it counts as returned, too, so the number is large.
"""

OLDEST_RABBITMQ = (3, 10)
"""From this version on quorum queues count how often a message was handed out and keep dead letters safe."""

CONNECT_WITHIN = 5.0
PREPARE_TRIES = 5
PREPARE_PAUSE = 0.5
LONGEST_FETCH = 2.0
LETTERS_AT_MOST = 10_000
_LETTER = "letter"


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (*aio_pika.exceptions.CONNECTION_EXCEPTIONS, TimeoutError) as error:
        raise away(error) from error


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


class Names:
    """What a run calls its exchanges and queues; `groups` are all that there are, with their topics."""

    def __init__(self, prefix: str, groups: Mapping[str, Sequence[str]]) -> None:
        self.groups = {group: tuple(topics) for group, topics in groups.items()}
        self.heard = frozenset(topic for topics in groups.values() for topic in topics)
        self.events = f"{prefix}events"
        self.dead = f"{prefix}dead"
        self._prefix = prefix

    def queue(self, group: str, part: int) -> str:
        """Name a group's queue for a part of its topics."""
        return f"{self._prefix}{group}.{part}"

    def graveyard(self, group: str) -> str:
        """Name the queue of a group's dead letters."""
        return f"{self._prefix}{group}.dead"

    def queues(self) -> list[str]:
        """Name all queues."""
        return [
            name
            for group in self.groups
            for name in (self.graveyard(group), *(self.queue(group, part) for part in range(PARTITIONS)))
        ]


def _route(topic: str, part: int) -> str:
    return f"{topic}.{part}"


def _beating(url: str, visibility: Duration) -> str:
    """Give the URL with a heartbeat (seconds) so short that who is silent is gone by the visibility timeout.

    The broker closes a connection after two beats without a sign.
    """
    parts = urlsplit(url)
    options = {"heartbeat": str(max(1, visibility // 2_000_000)), **dict(parse_qsl(parts.query))}
    return urlunsplit(parts._replace(query=urlencode(options)))


async def why_not(url: str) -> str:
    """Say why a server cannot be the broker, without a word of its URL; '' when it can."""
    quiet()
    try:
        connection = await aio_pika.connect(url, timeout=CONNECT_WITHIN)
    except aio_pika.exceptions.ProbableAuthenticationError:
        return "it refuses the user or the password"
    except (aio_pika.exceptions.InvalidFrameError, aio_pika.exceptions.ConnectionClosed):
        return "it refuses the virtual host"
    except (*aio_pika.exceptions.CONNECTION_EXCEPTIONS, TimeoutError) as error:
        return f"no RabbitMQ answers ({type(error).__name__})"
    try:
        told: Any = connection.transport and connection.transport.connection
        properties = getattr(told, "server_properties", None) or {}
    finally:
        await connection.close()
    version = _text(properties.get("version", ""))
    number = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if number < OLDEST_RABBITMQ:
        return f"it is version {version or 'unknown'}, 3.10 is the oldest that will do"
    return ""


def _text(told: object) -> str:
    return told.decode() if isinstance(told, bytes) else str(told)


def quiet() -> None:
    """Keep the client's libraries from printing: what they would say is told by what they raise."""
    for library in ("aio_pika", "aiormq"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


class Rabbit:
    """The broker as one process reaches it."""

    def __init__(
        self, url: str, visibility: Duration, *, prefix: str, groups: Mapping[str, Sequence[str]]
    ) -> None:
        self.names = Names(prefix, groups)
        self.letters = RabbitLetters(self)
        quiet()
        self._url = _beating(url, visibility)
        self._connection: AbstractConnection | None = None
        self._connecting = asyncio.Lock()
        self._publishing: AbstractChannel | None = None
        self._events: AbstractExchange | None = None
        self._numbers = (f"{secrets.token_hex(6)}-{number:x}" for number in itertools.count())

    async def channel(self) -> AbstractChannel:
        """Open a channel; what is published on it is confirmed, and comes back if no queue is there for it.

        Raises:
            BrokerAway: when there is no connection to be had.
        """
        with _answering():
            async with asyncio.timeout(CONNECT_WITHIN), self._connecting:
                if self._connection is None or self._connection.is_closed:
                    self._connection = await aio_pika.connect(self._url)
                try:
                    return await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                except BaseException:
                    self._connection = None  # it may be closed and not know it yet
                    raise

    async def ping(self) -> None:
        """Ask whether it is there, by a channel of its own."""
        channel = await self.channel()
        with _answering():
            await channel.close()

    async def prepare(self, groups: Mapping[str, Sequence[str]]) -> None:
        """Make exchanges, queues and bindings; a server that is busy may need a few tries."""
        for left in reversed(range(PREPARE_TRIES)):
            try:
                await self._declare(groups)
            except BrokerAway:
                if not left:
                    raise
                await asyncio.sleep(PREPARE_PAUSE)
            else:
                return

    async def _declare(self, groups: Mapping[str, Sequence[str]]) -> None:
        channel = await self.channel()
        with _answering():
            async with channel:
                events, dead = await self._exchanges(channel)
                for group, topics in groups.items():
                    graveyard = await channel.declare_queue(
                        self.names.graveyard(group), durable=True, arguments={"x-queue-type": "quorum"}
                    )
                    await graveyard.bind(dead, group)
                    for part in range(PARTITIONS):
                        queue = await channel.declare_queue(
                            self.names.queue(group, part), durable=True, arguments=self._arguments(group)
                        )
                        for topic in topics:
                            await queue.bind(events, _route(topic, part))

    def _arguments(self, group: str) -> dict[str, Any]:
        return {
            "x-queue-type": "quorum", "x-single-active-consumer": True,
            "x-delivery-limit": HANDED_OUT_AT_MOST, "x-dead-letter-exchange": self.names.dead,
            "x-dead-letter-routing-key": group,
        }  # fmt: skip

    async def _exchanges(self, channel: AbstractChannel) -> tuple[AbstractExchange, AbstractExchange]:
        events = await channel.declare_exchange(self.names.events, "direct", durable=True)
        return events, await channel.declare_exchange(self.names.dead, "direct", durable=True)

    async def publish(self, message: Message, body: bytes) -> None:
        """Hand a message over; a topic that some group hears must have a queue."""
        try:
            events = await self._outlet()
        except BrokerAway as error:
            raise PublishRefused(str(error)) from error
        sent = self.parcel(body)
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await events.publish(
                    sent, _route(message.topic, part_of(message.key)),
                    mandatory=message.topic in self.names.heard,
                )  # fmt: skip
        except aio_pika.exceptions.PublishError as error:
            raise PublishRefused("no queue is there for it") from error
        except (*aio_pika.exceptions.CONNECTION_EXCEPTIONS, TimeoutError) as error:
            raise PublishFailure(_reason(error)) from error

    async def _outlet(self) -> AbstractExchange:
        if self._publishing is None or self._publishing.is_closed or self._events is None:
            self._publishing = await self.channel()
            with _answering():
                async with asyncio.timeout(ANSWER_WITHIN):
                    self._events = await self._publishing.get_exchange(self.names.events, ensure=False)
        return self._events

    def parcel(self, body: bytes, kind: str = "") -> aio_pika.Message:
        """Give a message that the broker keeps, with a number of its own."""
        return aio_pika.Message(
            body,
            message_id=next(self._numbers),
            type=kind or None,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )

    def subscribe(self, group: str, member: str, topics: Sequence[str]) -> RabbitSubscription:
        """Join a group, whose topics were said when it was prepared."""
        del member, topics
        return RabbitSubscription(self, group)

    async def tidy(self, hearers: Mapping[str, Sequence[str]]) -> int:
        """Do nothing: a queue forgets by itself what was acknowledged, and what nobody hears is not kept."""
        del hearers
        return 0

    async def clean(self) -> None:
        """Remove all queues and exchanges of the run."""
        channel = await self.channel()
        with _answering():
            async with channel:
                for queue in self.names.queues():
                    await channel.queue_delete(queue)
                for exchange in (self.names.events, self.names.dead):
                    await channel.exchange_delete(exchange)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(*aio_pika.exceptions.CONNECTION_EXCEPTIONS, TimeoutError):
                async with asyncio.timeout(ANSWER_WITHIN):
                    await self._connection.close()


class RabbitSubscription:
    """One member of a group: a consumer on each of its queues."""

    def __init__(self, broker: Rabbit, group: str) -> None:
        self._broker = broker
        self._group = group
        self._channel: AbstractChannel | None = None
        self._dead: AbstractExchange | None = None
        self._waiting: asyncio.Queue[Entry | None] = asyncio.Queue()

    async def fetch(self, room: int) -> list[Entry]:
        """Give what the broker has handed out; it hands out no more than the prefetch allows."""
        if self._channel is None:
            await self._join()
        found: list[Entry] = []
        with contextlib.suppress(TimeoutError):
            while len(found) < room:
                if found and self._waiting.empty():
                    break
                async with asyncio.timeout(LONGEST_FETCH):
                    entry = await self._waiting.get()
                if entry is None:
                    raise BrokerAway("the channel was closed")
                found.append(entry)
        return found

    async def _join(self) -> None:
        channel = self._channel = await self._broker.channel()
        channel.close_callbacks.add(lambda *_: self._waiting.put_nowait(None))
        with _answering():
            await channel.set_qos(PREFETCH)
            self._dead = await channel.get_exchange(self._broker.names.dead, ensure=False)
            for part in range(PARTITIONS):
                queue = await channel.get_queue(self._broker.names.queue(self._group, part), ensure=False)
                await queue.consume(self._came)

    async def _came(self, incoming: AbstractIncomingMessage) -> None:
        place = (incoming.routing_key or "", incoming.message_id)
        earlier: Any = incoming.headers.get("x-delivery-count", 0)
        self._waiting.put_nowait(Entry(unpacked(incoming.body), place, incoming, int(earlier)))

    async def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Say that these are done."""
        with _answering():
            for entry in entries:
                await entry.token.ack()

    async def bury(self, entry: Entry, letter: DeadLetter) -> None:
        """Publish the letter and, once that is confirmed, acknowledge the message."""
        if self._dead is None:
            raise BrokerAway
        with _answering():
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._dead.publish(self._broker.parcel(packed(letter), _LETTER), self._group)
            await entry.token.ack()

    async def close(self) -> None:
        """Leave: what was handed out and is not done goes to another member."""
        if self._channel is not None:
            with _answering():
                async with asyncio.timeout(ANSWER_WITHIN):
                    await self._channel.close()


class RabbitLetters:
    """Dead letters in a queue for each group, looked through by taking and giving back."""

    def __init__(self, broker: Rabbit) -> None:
        self._broker = broker
        self._one_at_a_time = asyncio.Lock()

    async def listed(self, groups: Sequence[str]) -> list[DeadLetter]:
        """Give the dead letters of these groups, oldest first."""
        letters = []
        for group in groups:
            async with self._taken(group) as (_, taken):
                letters += [letter for _, letter in taken]
        return sorted(letters, key=lambda letter: (letter.at, letter.group, letter.message.id))

    async def find(self, group: str, message: str) -> DeadLetter:
        """Give one."""
        async with self._taken(group) as (_, taken):
            return _one(taken, message)[1]

    async def edit(self, group: str, message: str, data: Any) -> DeadLetter:  # noqa: ANN401 - JSON
        """Put another in its place."""
        async with self._taken(group) as (channel, taken):
            incoming, letter = _one(taken, message)
            changed = msgspec.structs.replace(
                letter, message=msgspec.structs.replace(letter.message, data=data)
            )
            dead = await channel.get_exchange(self._broker.names.dead, ensure=False)
            await dead.publish(self._broker.parcel(packed(changed), _LETTER), group)
            await incoming.ack()
            return changed

    async def replay(self, group: str, message: str) -> None:
        """Put the message into the group's queue, and no other's."""
        async with self._taken(group) as (channel, taken):
            incoming, letter = _one(taken, message)
            queue = self._broker.names.queue(group, part_of(letter.message.key))
            await channel.default_exchange.publish(self._broker.parcel(packed(letter.message)), queue)
            await incoming.ack()

    async def drop(self, group: str, message: str) -> None:
        """Acknowledge it."""
        async with self._taken(group) as (_, taken):
            await _one(taken, message)[0].ack()

    @contextlib.asynccontextmanager
    async def _taken(
        self, group: str
    ) -> AsyncIterator[tuple[AbstractChannel, list[tuple[AbstractIncomingMessage, DeadLetter]]]]:
        """Take all letters of a group; what is not acknowledged goes back when the channel closes."""
        async with self._one_at_a_time:
            channel = await self._broker.channel()
            with _answering():
                async with channel:
                    queue = await channel.get_queue(self._broker.names.graveyard(group), ensure=False)
                    taken: list[tuple[AbstractIncomingMessage, DeadLetter]] = []
                    while len(taken) < LETTERS_AT_MOST:
                        incoming = await queue.get(fail=False)
                        if incoming is None:
                            break
                        taken.append((incoming, _read(group, incoming)))
                    yield channel, taken


def _read(group: str, incoming: AbstractIncomingMessage) -> DeadLetter:
    """Read a letter, or the message itself when it was the broker that gave it up."""
    if incoming.type == _LETTER:
        return unpacked_letter(incoming.body)
    message = unpacked(incoming.body)
    reason = str(incoming.headers.get("x-first-death-reason", "the broker gave it up"))
    return DeadLetter(group, message, reason.replace("_", " "), HANDED_OUT_AT_MOST, message.at)


def _one(
    taken: Sequence[tuple[AbstractIncomingMessage, DeadLetter]], message: str
) -> tuple[AbstractIncomingMessage, DeadLetter]:
    for incoming, letter in taken:
        if letter.message.id == message:
            return incoming, letter
    raise NoSuchLetter(message)
