"""The broker: Valkey streams, partitioned by ordering key, so that one consumer at a time has each key."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ServerGone
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as ServerLate

from msa_lab.sdk.failures import PublishFailure, PublishRefused

PARTITIONS = 4
ANSWER_WITHIN = 2.0
"""How many seconds the broker has to confirm a message."""


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


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Message)


def packed(message: Message) -> bytes:
    """Write a message."""
    return _encode(message)


def unpacked(body: bytes) -> Message:
    """Read a message."""
    return _decoder.decode(body)


def stream_of(topic: str, key: str) -> str:
    """Name the stream of a topic's key."""
    return partition(topic, zlib.crc32(key.encode()) % PARTITIONS)


def partition(topic: str, number: int) -> str:
    """Name a topic's stream."""
    return f"topic:{topic}:{number}"


async def publish(server: Redis, body: bytes, message: Message) -> None:
    """Append a message to its stream.

    Raises:
        PublishRefused: when the broker is not there.
        PublishFailure: when it may have taken the message.
    """
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await server.xadd(stream_of(message.topic, message.key), {"m": body})
    except ServerGone as error:
        raise PublishRefused(str(error)) from error
    except (RedisError, ServerLate, TimeoutError) as error:
        raise PublishFailure(str(error)) from error
