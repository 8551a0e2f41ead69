"""What came in over HTTP: the headers of a call, its body within the limits, its arguments."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from msa_lab.runtime.process.limits import Limits, odd_address, odd_body, shallow
from msa_lab.runtime.process.lines import STORY
from msa_lab.sdk.failures import InvalidRequest
from msa_lab.sdk.ports import Caller

Headers = Mapping[bytes, bytes]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
T = TypeVar("T")

LONGEST_KEY = 512
"""How long an idempotency key may be; what a client sends is prefixed by who sent it."""

_SIGNED = (1 << 63) - 1
_Number = Annotated[int, msgspec.Meta(ge=0, le=_SIGNED)]
_Tick = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
_Word = Annotated[str, msgspec.Meta(max_length=256)]

_key = msgspec.json.Decoder(str)
_caller = msgspec.json.Decoder(tuple[_Word, _Word, tuple[_Word, ...]])
_story = msgspec.json.Decoder(tuple[_Word, _Number, _Tick])
_json = msgspec.json.Decoder()

# https://www.w3.org/TR/trace-context-1/#traceparent-header: later versions may add fields; ff is no version
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


class Unreadable(InvalidRequest):
    """A request that cannot be read to its end; the connection is closed where its rest is still to come."""

    def __init__(self, status: int, message: str, *, close: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.close = close


class Asked:
    """A request as it came in; `odd` tells that its values need a closer look.

    `trace` are the lower 63 bits of the trace's id, which the log keeps, `high` the rest.
    """

    __slots__ = ("caller", "cause", "deadline", "high", "key", "lamport", "odd", "saga", "span", "trace")

    def __init__(self) -> None:
        self.caller = Caller()
        self.key: str | None = None
        self.deadline: int | None = None
        self.saga = ""
        self.cause = 0
        self.lamport = 0
        self.trace = 0
        self.high = 0
        self.span = 0
        self.odd = False


def asked_of(headers: Headers) -> Asked:
    """Read the headers of a call; what is missing or spoilt is as if it was not said.

    Raises:
        InvalidRequest: when the idempotency key is too long to be kept.
    """
    asked = Asked()
    if (key := headers.get(b"idempotency-key")) is not None:
        asked.key = _key_of(key)
    if (deadline := headers.get(b"x-msalab-deadline")) is not None and deadline.isdigit():
        asked.deadline = int(deadline[:18])
    if (caller := _read(_caller, headers.get(b"x-msalab-caller"))) is not None:
        asked.caller = Caller(*caller)
    if (trace := headers.get(b"traceparent")) is not None:
        _trace(asked, trace)
    if (story := _read(_story, headers.get(STORY))) is not None:
        asked.saga, asked.cause, asked.lamport = story
    return asked


def _key_of(raw: bytes) -> str | None:
    if len(raw) > LONGEST_KEY:
        raise InvalidRequest(f"the idempotency key is longer than {LONGEST_KEY} bytes")
    return _read(_key, raw) if raw.startswith(b'"') else raw.decode("latin-1")


def _read(decoder: msgspec.json.Decoder[T], raw: bytes | None) -> T | None:
    try:
        return None if raw is None else decoder.decode(raw)
    except (ValueError, RecursionError):
        return None


def _trace(asked: Asked, raw: bytes) -> None:
    found = _TRACE.fullmatch(raw)
    if found is not None and (trace := int(found[1], 16)) and (span := int(found[2], 16)):
        asked.trace, asked.high, asked.span = trace & _SIGNED, trace & ~_SIGNED, span & _SIGNED


async def body_of(headers: Headers, receive: Receive, limits: Limits) -> bytes:
    """Read the body.

    One that is somewhat too large is read to its end, because many clients listen only when they have said
    all; who declares a far too large one, or asks before sending it, hears at once.

    Raises:
        Unreadable: when it is too large, comes too slowly or not to its end.
    """
    declared = int(headers.get(b"content-length", b"0"))  # the parser has checked that it is a number
    if declared > (limits.body if b"expect" in headers else limits.drained):
        raise _too_large(limits, close=True)
    try:
        async with asyncio.timeout(limits.body_within):
            return await _whole(receive, limits)
    except TimeoutError:
        raise Unreadable(408, f"no whole body within {limits.body_within:g} s", close=True) from None


async def _whole(receive: Receive, limits: Limits) -> bytes:
    chunks: list[bytes] = []
    read, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unreadable(400, "the body ended early", close=True)
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        read += len(chunk)
        if read > limits.drained:
            raise _too_large(limits, close=True)
        if read <= limits.body:
            chunks.append(chunk)
    if read > limits.body:
        raise _too_large(limits, close=False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(limits: Limits, *, close: bool) -> Unreadable:
    return Unreadable(413, f"the body is larger than {limits.body} bytes", close=close)


def told_in(headers: Headers, body: bytes, asked: Asked) -> Any:  # noqa: ANN401 - JSON
    """Decode a body; an empty one is an empty object.

    Raises:
        InvalidRequest: when it is no JSON, says it is something else, or is deeper than may be.
    """
    if not body:
        return {}
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Unreadable(415, "the body must be application/json")
    try:
        told = _json.decode(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is no JSON") from None
    shallow(body, told)
    asked.odd = asked.odd or odd_body(body)
    return told


def named_in(scope: Mapping[str, Any], asked: Asked, limits: Limits) -> dict[str, str]:
    """Give the arguments of the query; the path is looked at as well.

    Raises:
        InvalidRequest: when one of them is not UTF-8.
        Unreadable: when both together are too long.
    """
    query: bytes = scope["query_string"]
    if len(query) + len(scope["raw_path"]) > limits.address:
        raise Unreadable(414, f"the address is longer than {limits.address} bytes")
    asked.odd = odd_address(scope["raw_path"]) or odd_address(query)
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
