"""Calls travel on lines that are kept: a whole response comes back, or a failure."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from msa_lab.runtime.process.lines import Lines, Response
from msa_lab.sdk.failures import ConnectionLost, Unavailable

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-MSALab-Story: [7, 9]\r\n\r\n{}"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Callee:
    """A server that answers each request with the next of some answers, and counts its connections."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.hung_up = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.rpartition(b"content-length: ")[2])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                writer.write(answer)
                if not answer.endswith((b"{}", b"...")):
                    break
        except asyncio.IncompleteReadError:
            self.hung_up.set()
        finally:
            writer.close()


@asynccontextmanager
async def served(serve: Serve) -> AsyncIterator[tuple[Lines, int]]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    lines = Lines()
    try:
        yield lines, server.sockets[0].getsockname()[1]
    finally:
        await lines.close()
        server.close()


async def post(lines: Lines, port: int, body: bytes = b"{}") -> Response:
    return await lines.post("127.0.0.1", port, "/calls/a.b", [("x-one", "1")], body)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_a_request_says_all_and_the_response_is_read() -> None:
    async def told() -> None:
        callee = Callee(OK)
        async with served(callee) as (lines, port):
            assert await post(lines, port, b'{"a": 1}') == (200, b"{}", b"[7, 9]")
            head = (
                f"POST /calls/a.b HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nx-one: 1\r\ncontent-length: 8\r\n\r\n"
            )
            assert callee.requests == [head.encode() + b'{"a": 1}']

    run(told())


def test_a_line_is_used_again_and_two_at_once_take_two() -> None:
    async def told() -> None:
        callee = Callee(*[OK] * 4)
        async with served(callee) as (lines, port):
            await post(lines, port)
            await post(lines, port)
            assert callee.connections == 1
            await asyncio.gather(post(lines, port), post(lines, port))
            assert callee.connections == 2

    run(told())


def test_what_one_response_says_is_not_said_of_the_next() -> None:
    async def told() -> None:
        plain = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
        async with served(Callee(OK, plain)) as (lines, port):
            await post(lines, port)
            assert await post(lines, port) == (404, b"", b"")

    run(told())


def test_a_body_may_come_in_chunks() -> None:
    async def told() -> None:
        chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
        async with served(Callee(chunked)) as (lines, port):
            assert await post(lines, port) == (200, b"{}", b"")

    run(told())


def test_a_line_that_the_other_side_closes_is_not_used_again() -> None:
    async def told() -> None:
        last = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
        callee = Callee(last, OK)
        async with served(callee) as (lines, port):
            await post(lines, port)
            await post(lines, port)
            assert callee.connections == 2

    run(told())


def test_nobody_there_is_definite() -> None:
    async def told() -> None:
        async with served(Callee()) as (_, port):
            pass
        with pytest.raises(Unavailable):
            await post(Lines(), port)

    run(told())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        b"no HTTP at all\r\n\r\n",
    ],
)
def test_a_response_that_does_not_come_whole_may_have_been_one(answer: bytes) -> None:
    async def told() -> None:
        callee = Callee(answer, OK)
        async with served(callee) as (lines, port):
            with pytest.raises(ConnectionLost):
                await post(lines, port)
            assert (await post(lines, port)).status == 200

    run(told())


def test_who_stops_waiting_hangs_up_and_the_next_gets_its_own_answer() -> None:
    async def told() -> None:
        callee = Callee(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n...", OK)
        async with served(callee) as (lines, port):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await post(lines, port)
            async with asyncio.timeout(5):
                await callee.hung_up.wait()
            assert await post(lines, port) == (200, b"{}", b"[7, 9]")

    run(told())


def test_a_second_answer_to_one_request_is_given_to_nobody() -> None:
    async def told() -> None:
        other = OK.replace(b"{}", b"[]")
        callee = Callee(other + OK, OK)
        async with served(callee) as (lines, port):
            assert (await post(lines, port)).body == b"[]"
            assert (await post(lines, port)).body == b"{}"
            assert callee.connections == 2

    run(told())
