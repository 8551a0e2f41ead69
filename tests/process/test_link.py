"""Commands over one connection: each gets its own answer, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as ServerGone
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as ServerSilent

from msa_lab.runtime.process.link import Link
from msa_lab.runtime.process.servers import command, connection, to_wait_on, together
from tests.process.conftest import answering

PATIENCE = 20.0


@contextlib.asynccontextmanager
async def linked(socket: Path, patience: float = PATIENCE) -> AsyncIterator[Link]:
    link = Link(socket, patience)
    try:
        yield link
    finally:
        await link.close()


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A server of the test's own, to be hurt."""
    socket = folder / "s"
    server = await asyncio.create_subprocess_exec(*command(socket, folder / "data", durable=False))
    try:
        await answering(socket)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            server.kill()
        await server.wait()
        socket.unlink(missing_ok=True)


@pytest.fixture
def key() -> str:
    return f"link:{secrets.token_hex(4)}"


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_answers_come_to_those_who_asked_for_them(valkey: Path, key: str) -> None:
    async def work() -> None:
        async with linked(valkey) as link:
            await link.ask(("SET", key, b"\xff\r\n"))
            echoes = (link.ask(("ECHO", number)) for number in range(100))
            got = await asyncio.gather(*echoes, link.ask(("GET", key)))
        assert got == [*(str(number).encode() for number in range(100)), b"\xff\r\n"]

    run(work())


def test_an_answer_that_nobody_waits_for_any_more_is_nobody_elses(valkey: Path) -> None:
    async def work() -> None:
        async with linked(valkey) as link:
            await link.ask(("PING",))
            given_up = asyncio.create_task(link.ask(("ECHO", "old")))
            await asyncio.sleep(0)  # it is sent
            given_up.cancel()
            assert await link.ask(("ECHO", "new")) == b"new"
            assert given_up.cancelled()

    run(work())


def test_what_the_server_says_against_a_command_is_raised_and_the_next_goes_on(
    valkey: Path, key: str
) -> None:
    async def work() -> None:
        async with linked(valkey) as link:
            await link.ask(("SET", key, "a word"))
            with pytest.raises(ResponseError, match="not an integer"):
                await link.ask(("INCR", key))
            assert await link.ask(("GET", key)) == b"a word"

    run(work())


def test_commands_together_are_answered_each_and_refused_as_one(valkey: Path, key: str) -> None:
    async def work() -> None:
        async with linked(valkey) as link:
            assert await link.ask_together([("SET", key, 4), ("INCR", key), ("GET", key)]) == [b"OK", 5, b"5"]
            with pytest.raises(ResponseError, match="Transaction discarded"):
                await link.ask_together([("SET", key, 9), ("NO-SUCH-COMMAND",)])
            assert await link.ask(("GET", key)) == b"5"
            with pytest.raises(ResponseError, match="wrong kind of value"):
                await link.ask_together([("GET", key), ("LPUSH", key, "x")])

    run(work())


def test_who_waits_at_the_server_holds_up_nobody_else(valkey: Path, key: str) -> None:
    async def work() -> None:
        server = connection(valkey)
        waiting = to_wait_on(server)
        held_up = asyncio.create_task(waiting.execute_command("BLPOP", key, 0))  # type: ignore[no-untyped-call] # its stub
        try:
            assert await together(server, ("SET", f"{key}:2", 1), ("INCR", f"{key}:2")) == [True, 2]
            await server.rpush(key, "come")
            assert await held_up == (key.encode(), b"come")
        finally:
            await waiting.aclose()
            await server.aclose()

    run(work())


def test_who_waits_when_the_connection_ends_is_told_and_the_next_finds_a_new_one(
    valkey: Path, key: str
) -> None:
    async def work() -> None:
        async with linked(valkey) as link, linked(valkey) as other:
            number = await link.ask(("CLIENT", "ID"))
            stuck = asyncio.create_task(link.ask(("BLPOP", key, 0)))
            await asyncio.sleep(0)  # it is sent
            await other.ask(("CLIENT", "KILL", "ID", number))
            with pytest.raises(ServerGone):
                await stuck
            assert await link.ask(("PING",)) == b"PONG"

    run(work())


def test_a_closed_link_is_not_opened_again_by_who_comes_late(valkey: Path) -> None:
    async def work() -> None:
        link = Link(valkey, PATIENCE)
        asked = [asyncio.create_task(link.ask(("PING",))) for _ in range(2)]
        await asyncio.sleep(0)  # it is connecting
        await link.close()
        for ended in await asyncio.gather(*asked, return_exceptions=True):  # whichever came first
            assert ended == b"PONG" or isinstance(ended, ServerGone)
        with pytest.raises(ServerGone, match="closed"):
            await link.ask(("PING",))
        await link.close()

    run(work())


def test_a_server_that_is_not_there_is_gone(tmp_path: Path) -> None:
    async def work() -> None:
        async with linked(tmp_path / "nowhere") as link:
            with pytest.raises(ServerGone):
                await link.ask(("PING",))

    run(work())


def test_a_killed_server_is_gone_until_another_is_in_its_place(tmp_path: Path) -> None:
    async def work() -> None:
        async with linked(tmp_path / "s") as link:
            async with serving(tmp_path) as server:
                assert await link.ask(("PING",)) == b"PONG"
                server.kill()
                await server.wait()
                with pytest.raises(ServerGone):
                    await link.ask(("PING",))
            async with serving(tmp_path):
                assert await link.ask(("PING",)) == b"PONG"

    run(work())


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (b"-ERR max number of clients reached\r\n", "^max number of clients reached"),
        (b"-LOADING server is loading the dataset in memory\r\n", "loading the dataset"),
    ],
)
def test_a_server_at_its_limit_or_not_ready_is_gone_and_says_why(
    tmp_path: Path, refusal: bytes, said: str
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"PING\r\n")
        writer.write(refusal)
        writer.close()

    async def work() -> None:
        async with await asyncio.start_unix_server(refuse, tmp_path / "s"), linked(tmp_path / "s") as link:
            with pytest.raises(ServerGone, match=said):
                await link.ask(("PING",))

    run(work())


def test_a_server_that_stands_still_is_given_up_and_asked_anew_when_it_goes_on(tmp_path: Path) -> None:
    async def work() -> None:
        async with linked(tmp_path / "s", patience=0.3) as link, serving(tmp_path) as server:
            assert await link.ask(("PING",)) == b"PONG"
            server.send_signal(signal.SIGSTOP)
            asked = [asyncio.create_task(link.ask(("ECHO", word))) for word in ("one", "two")]
            for task in asked:
                with pytest.raises(ServerSilent, match=r"not answered for 0\.3 seconds"):
                    await task
            server.send_signal(signal.SIGCONT)
            assert await link.ask(("ECHO", "three")) == b"three"

    run(work())
