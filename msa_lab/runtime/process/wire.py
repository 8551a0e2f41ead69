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

AT_ONCE = 256 * 1024
"""How many bytes are taken from a connection at once; mostly whole frames, so none is waited for twice."""


def frame(message: list[Any]) -> bytes:
    """Put a message into a frame."""
    body = _encode(message)
    return _LENGTH.pack(len(body)) + body


def send(writer: asyncio.StreamWriter, whole: bytes) -> None:
    """Write to a connection; what comes after its end is dropped, as asyncio does and uvloop refuses to."""
    if not writer.is_closing():
        writer.write(whole)


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[list[Any]]:
    """Give the messages of a connection until it ends, cut short or not.

    Raises:
        ValueError: when a frame claims to be longer than `LIMIT`.
    """
    kept = bytearray()
    while True:
        try:
            came = await reader.read(AT_ONCE)
        except ConnectionError:
            return
        if not came:
            return
        kept += came
        at, end = 0, len(kept)
        while end - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(kept, at)
            if length > LIMIT:
                raise ValueError(f"a frame of {length} bytes")
            start = at + _LENGTH.size
            if end - start < length:
                break
            at = start + length
            yield _decode(kept[start:at])
        del kept[:at]
