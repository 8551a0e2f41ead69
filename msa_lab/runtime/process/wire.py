"""Frames between processes and the control plane: a length, then a MessagePack array."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any

import msgspec

_LENGTH = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode
LIMIT = 64 * 1024 * 1024
"""No frame is longer, in bytes."""


def frame(message: list[Any]) -> bytes:
    """Put a message into a frame."""
    body = _encode(message)
    return _LENGTH.pack(len(body)) + body


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[list[Any]]:
    """Give the messages of a connection until it ends, cut short or not.

    Raises:
        ValueError: when a frame claims to be longer than `LIMIT`.
    """
    while True:
        try:
            (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            if length > LIMIT:
                raise ValueError(f"a frame of {length} bytes")
            body = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        yield _decode(body)
