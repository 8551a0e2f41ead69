"""What the server of an instance makes of clients that are slow, greedy or no clients: at a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from msa_lab.runtime.process.host import Host
from msa_lab.runtime.process.limits import Limits
from msa_lab.runtime.process.listener import Listener
from msa_lab.runtime.process.web import Web
from tests.builders import SHELF
from tests.process.conftest import ProcessPorts

LIMITS = Limits(
    body=10_000, drained=50_000, body_within=0.6, address=2_000, head=8_000, head_within=0.6, reply_within=0.6
)
PATIENCE = 5.0
"""No answer may take longer, in seconds: far less than whoever wants to hurt us has."""


class Wire:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, raw: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # it may have hung up, which the answer tells
            self._writer.write(raw)
            await self._writer.drain()

    async def hear(self) -> tuple[int, dict[str, str], bytes]:
        """Give status, headers and body of the next answer; status 0 when there is none."""
        async with asyncio.timeout(PATIENCE):
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return 0, {}, b""
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
            return int(first.split(" ")[1]), headers, body

    async def ended(self) -> bool:
        """Wait until the other side has hung up."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                while await self._reader.read(65536):
                    pass
            return True

    def close(self) -> None:
        self._writer.close()


class Door:
    """The server of `shelf-1` on a port of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._wires: list[Wire] = []

    async def wire(self, limit: int = 65_536) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self._port, limit=limit))
        self._wires.append(wire)
        return wire

    async def ask(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        wire = await self.wire()
        await wire.say(raw)
        return await wire.hear()

    def close(self) -> None:
        for wire in self._wires:
            wire.close()


Scene = Callable[[Door], Coroutine[Any, Any, None]]


@contextlib.asynccontextmanager
async def opened(ports: ProcessPorts) -> AsyncIterator[Door]:
    listening = socket.create_server(("127.0.0.1", 0))
    listener = Listener(Web(Host(ports.site, SHELF, ports.desk), LIMITS), LIMITS)
    serving = asyncio.create_task(listener.serve([listening]))
    door = Door(listening.getsockname()[1])
    try:
        yield door
    finally:
        door.close()
        listener.stop()
        await serving


@pytest.fixture
def play(ports: ProcessPorts) -> Callable[[Scene], None]:
    async def played(scene: Scene) -> None:
        async with opened(ports) as door:
            await scene(door)

    return lambda scene: ports.runner.run(played(scene))


def post(body: bytes, path: str = "/shelf.take", *headers: str, length: int | None = None) -> bytes:
    head = [f"POST {path} HTTP/1.1", "host: x", "content-type: application/json", *headers]
    if not any(header.startswith("transfer-encoding") for header in headers):
        head.append(f"content-length: {len(body) if length is None else length}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


CUP = post(b'{"piece": "cup"}')


# -- slow clients --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "begun", [b"", b"POST /shelf.take HTTP/1.1\r\nhost: x\r\nx-slow: "], ids=["nothing", "head"]
)
def test_who_does_not_finish_a_head_is_hung_up_on_and_others_are_served(
    play: Callable[[Scene], None], begun: bytes
) -> None:
    async def scene(door: Door) -> None:
        slow = [await door.wire() for _ in range(20)]
        for wire in slow:
            await wire.say(begun)
        assert (await door.ask(CUP))[0] == 200

        status, headers, body = await slow[0].hear()

        assert (status, headers["connection"], json.loads(body)["failure"]) == (
            408,
            "close",
            "InvalidRequest",
        )
        assert all([await wire.ended() for wire in slow])

    play(scene)


def test_a_head_that_trickles_is_no_less_slow(play: Callable[[Scene], None]) -> None:
    async def scene(door: Door) -> None:
        wire = await door.wire()
        await wire.say(b"GET /health HTTP/1.1\r\nhost: x\r\n")
        heard = asyncio.create_task(wire.hear())
        while not heard.done():
            await wire.say(b"x-more: y\r\n")
            await asyncio.wait([heard], timeout=0.05)

        assert (await heard)[0] == 408

    play(scene)


def test_a_body_that_trickles_is_given_up_and_others_are_served(play: Callable[[Scene], None]) -> None:
    async def scene(door: Door) -> None:
        wire = await door.wire()
        await wire.say(post(b'{"piece"', length=5_000))
        heard = asyncio.create_task(wire.hear())
        while not heard.done():
            await wire.say(b" ")
            await asyncio.wait([heard], timeout=0.05)
            assert (await door.ask(CUP))[0] == 200

        assert (await heard)[0] == 408
        assert await wire.ended()

    play(scene)


def test_who_does_not_take_replies_is_hung_up_on(play: Callable[[Scene], None]) -> None:
    async def scene(door: Door) -> None:
        wire = await door.wire(limit=1024)  # stops reading soon
        await wire.say(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 1_000)
        assert (await door.ask(CUP))[0] == 200
        since = time.perf_counter()

        await asyncio.sleep(LIMITS.reply_within * 3)  # what is tested is that time passes without a reader

        assert await wire.ended()
        assert time.perf_counter() - since < PATIENCE

    play(scene)


def test_a_connection_may_rest_between_requests(play: Callable[[Scene], None]) -> None:
    async def scene(door: Door) -> None:
        wire = await door.wire()
        await wire.say(CUP)
        assert (await wire.hear())[0] == 200
        slow = await door.wire()
        await slow.ended()  # longer than a head may take

        await wire.say(CUP)

        assert (await wire.hear())[0] == 200

    play(scene)


# -- greedy clients ------------------------------------------------------------------------------------


def test_who_sends_somewhat_too_much_is_told_and_can_go_on(play: Callable[[Scene], None]) -> None:
    async def scene(door: Door) -> None:
        wire = await door.wire()
        await wire.say(post(b'{"piece": "' + b"x" * 40_000 + b'"}'))
        status, _, body = await wire.hear()
        await wire.say(CUP)

        assert (status, json.loads(body)["message"]) == (413, "the body is larger than 10000 bytes")
        assert (await wire.hear())[0] == 200

    play(scene)


@pytest.mark.parametrize(
    "raw",
    [
        post(b"", length=10**12),
        post(b"", "/shelf.take", "expect: 100-continue", length=20_000),
        post(b"ffff\r\n" + b" " * 65_535 + b"\r\n", "/shelf.take", "transfer-encoding: chunked"),
    ],
    ids=["declared", "asked before", "in chunks"],
)
def test_who_would_send_far_too_much_is_refused_at_once(play: Callable[[Scene], None], raw: bytes) -> None:
    async def scene(door: Door) -> None:
        wire = await door.wire()
        await wire.say(raw)

        status, headers, _ = await wire.hear()

        assert (status, headers["connection"]) == (413, "close")
        assert await wire.ended()

    play(scene)


def test_who_asks_before_sending_may_send(play: Callable[[Scene], None]) -> None:
    async def scene(door: Door) -> None:
        wire = await door.wire()
        await wire.say(post(b"", "/shelf.take", "expect: 100-continue", length=16))
        assert (await wire.hear())[0] == 100
        await wire.say(b'{"piece": "cup"}')

        assert (await wire.hear())[0] == 200

    play(scene)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /look?piece=" + b"x" * 3_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
        (b"GET /look?piece=" + b"x" * 9_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 431),
        (b"GET /look HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 9_000 + b"\r\n\r\n", 431),
        (b"GET /look HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 2_000 + b"\r\n", 431),
        (b"GET /look HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 300_000, 431),
    ],
    ids=["address", "longer address", "header", "headers", "endless"],
)
def test_long_heads_are_refused_fast(play: Callable[[Scene], None], raw: bytes, status: int) -> None:
    async def scene(door: Door) -> None:
        since = time.perf_counter()

        told = (await door.ask(raw))[0]

        assert told == status
        assert time.perf_counter() - since < LIMITS.head_within

    play(scene)


def test_a_key_that_is_too_long_to_keep_is_refused(play: Callable[[Scene], None]) -> None:
    async def scene(door: Door) -> None:
        raw = post(b'{"piece": "cup"}', "/shelf.take", "idempotency-key: " + "k" * 513)

        assert (await door.ask(raw))[0] == 422

    play(scene)


# -- what is no request --------------------------------------------------------------------------------

DEEP = b'{"piece": ' + b"[" * 4_000 + b"]" * 4_000 + b"}"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET  HTTP/1.1\r\n\r\n", 400),
        (b"GET /look HTTP/9.9\r\n\r\n", 400),
        (b"GET /look\xff HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"GET /l\0ok HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (post(b"{}", length=-1), 400),
        (post(b"zz\r\n", "/shelf.take", "transfer-encoding: chunked"), 400),
        (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        (b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        (post(b"{}", "/calls/shelf.nothing"), 404),
        (b"GET /calls/shelf.take HTTP/1.1\r\nhost: x\r\n\r\n", 405),
        (b"DELETE /look HTTP/1.1\r\nhost: x\r\n\r\n", 405),
        (b"BREW /look HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"GET /look?piece=%ff HTTP/1.1\r\nhost: x\r\n\r\n", 422),
        (b"GET /look?piece=%00 HTTP/1.1\r\nhost: x\r\n\r\n", 422),
        (b"GET /look?piece=cup&pause=9007199254740992 HTTP/1.1\r\nhost: x\r\n\r\n", 422),
        (post(b'{"piece": "\xff"}'), 422),
        (post(b'{"piece": "\\u0000"}'), 422),
        (post(b'{"piece": "\\ud800"}'), 422),
        (post(b'{"piece": "cup", "pause": 9007199254740992}'), 422),
        (post(b'{"piece": "cup", "pause": ' + b"9" * 5_000 + b"}"), 422),
        (post(b'{"piece": "cup", "pause": 1e17}'), 422),
        (post(b'{"piece": "cup", "pause": 1e999}'), 422),
        (post(b'{"piece": "cup", "count": NaN}'), 422),
        (post(b'{"piece": "cup", "count": -Infinity}'), 422),
        (post(b'{"piece": ["cup"]}'), 422),
        (post(b"\xef\xbb\xbf{}"), 422),
        (post(DEEP), 422),
        (post(DEEP, "/calls/shelf.take"), 422),
        (post(b'{"piece": "cup", "more": ' + b"[" * 65 + b"]" * 65 + b"}"), 422),
        (post(b"piece=cup").replace(b"application/json", b"application/x-www-form-urlencoded"), 415),
        (post(b'{"piece": "cup"}').replace(b"content-type: application/json\r\n", b""), 415),
    ],
    ids=lambda raw: repr(raw[:60]) if isinstance(raw, bytes) else str(raw),
)
def test_what_is_no_request_is_the_clients_mistake_and_hurts_nobody(
    play: Callable[[Scene], None], raw: bytes, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene(door: Door) -> None:
        assert (await door.ask(raw))[0] == status
        assert (await door.ask(CUP))[0] == 200

    play(scene)
    assert "Traceback" not in capfd.readouterr().err


def test_a_wrong_method_is_told_the_right_ones(play: Callable[[Scene], None]) -> None:
    async def scene(door: Door) -> None:
        status, headers, body = await door.ask(b"DELETE /look HTTP/1.1\r\nhost: x\r\n\r\n")

        assert (status, sorted(headers["allow"].split(", "))) == (405, ["get", "head"])
        assert json.loads(body) == {"failure": "InvalidRequest", "message": "Method Not Allowed"}

    play(scene)


def test_who_hangs_up_in_the_middle_of_a_body_leaves_nothing_behind(
    play: Callable[[Scene], None], capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene(door: Door) -> None:
        wire = await door.wire()
        await wire.say(post(b'{"piece"', length=5_000))
        wire.close()

        assert (await door.ask(CUP))[0] == 200

    play(scene)
    assert "Traceback" not in capfd.readouterr().err


def test_the_limits_in_force_are_at_least_what_services_need() -> None:
    assert dataclasses.asdict(Limits()) == {
        "body": 1_048_576, "drained": 16_777_216, "body_within": 10.0, "address": 8_192, "head": 65_536,
        "head_within": 10.0, "reply_within": 30.0,
    }  # fmt: skip
