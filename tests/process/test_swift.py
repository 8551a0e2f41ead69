"""The client of our own Valkey server answers as the general one does, and says who is gone."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ServerGone
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as NoAnswer

from msa_lab.runtime.process.swift import Swift

T = TypeVar("T")


def told(socket: Path, work: Callable[[Swift], Coroutine[Any, Any, T]], patience: float = 5.0) -> T:
    async def run() -> T:
        client = Swift(socket, patience, protocol=2)
        try:
            return await work(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


async def _everything(client: Redis, prefix: str) -> list[Any]:
    key, stream = f"{prefix}key", f"{prefix}stream"
    await client.xgroup_create(stream, "group", id="0", mkstream=True)
    added = [await client.xadd(stream, {"m": b"\xff\x00", "n": 7}, id=f"{number}-1") for number in (1, 2)]
    read: Any = await client.xreadgroup("group", "one", {stream: ">"}, count=9, block=10)
    nothing: Any = await client.xreadgroup("group", "one", {stream: ">"}, count=9, block=10)
    return [
        await client.get(key), await client.set(key, "a", nx=True), await client.set(key, "b", nx=True),
        await client.get(key), await client.delete(key), await client.incr(key), await client.incr(key),
        added, [fields for _, taken in read for fields in taken], nothing,
        await client.xack(stream, "group", "1-1", "2-1"), await client.xack(stream, "group", "1-1"),
    ]  # fmt: skip


def test_it_answers_as_the_general_client_does(valkey: Path) -> None:
    async def general() -> list[Any]:
        async with Redis(unix_socket_path=str(valkey), protocol=2) as client:
            return await _everything(client, "general:")

    assert told(valkey, lambda client: _everything(client, "swift:")) == asyncio.run(general())


def test_commands_at_once_each_get_their_own_answer(valkey: Path) -> None:
    async def work(client: Swift) -> None:
        await asyncio.gather(*(client.set(f"many:{number}", number) for number in range(200)))
        found = await asyncio.gather(*(client.get(f"many:{number}") for number in range(200)))
        assert found == [b"%d" % number for number in range(200)]

    told(valkey, work)


def test_a_refusal_is_that_of_its_command_and_the_link_goes_on(valkey: Path) -> None:
    async def work(client: Swift) -> None:
        await client.set("text", "no number")
        refused, found = await asyncio.gather(client.incr("text"), client.get("text"), return_exceptions=True)
        assert isinstance(refused, ResponseError)
        assert found == b"no number"

    told(valkey, work)


def test_who_stops_waiting_gets_nobody_elses_answer(valkey: Path) -> None:
    async def work(client: Swift) -> None:
        await client.set("one", "1")
        for _ in range(20):
            asking = asyncio.ensure_future(client.get("one"))
            await asyncio.sleep(0)
            asking.cancel()
            assert await client.get("other") is None

    told(valkey, work)


def test_what_waits_at_the_server_holds_nobody_up(valkey: Path) -> None:
    async def work(client: Swift) -> None:
        await client.xgroup_create("still", "group", id="0", mkstream=True)
        waiting = asyncio.ensure_future(client.xreadgroup("group", "one", {"still": ">"}, block=4000))
        async with asyncio.timeout(2):
            await client.set("meanwhile", "1")
            await client.xadd("still", {"m": "come"})
            assert await waiting

    told(valkey, work)


def test_no_server_is_told_as_the_general_client_tells_it(tmp_path: Path) -> None:
    async def work(client: Swift) -> None:
        for ask in (client.get("a"), client.xreadgroup("group", "one", {"a": ">"})):
            with pytest.raises(ServerGone):
                await ask

    told(tmp_path / "nowhere", work)


def test_a_server_that_stands_still_or_goes_is_told_and_one_that_comes_again_is_found(tmp_path: Path) -> None:
    socket = tmp_path / "socket"
    goes = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await goes.wait()
        writer.close()

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"key\r\n")
        writer.write(b"$2\r\nhi\r\n")
        writer.close()

    async def work(client: Swift) -> None:
        server = await asyncio.start_unix_server(silent, socket)
        with pytest.raises(NoAnswer):
            await client.get("key")
        asking = asyncio.ensure_future(client.get("key"))
        await asyncio.sleep(0)
        goes.set()
        with pytest.raises(ServerGone):
            await asking
        server.close()
        await server.wait_closed()
        socket.unlink(missing_ok=True)
        with pytest.raises(ServerGone):
            await client.get("key")
        server = await asyncio.start_unix_server(answering, socket)
        assert await client.get("key") == b"hi"
        server.close()

    told(socket, work, patience=0.3)


def test_a_server_that_still_reads_its_file_is_not_there(tmp_path: Path) -> None:
    async def loading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"key\r\n")
        writer.write(b"-LOADING Valkey is loading the dataset in memory\r\n")
        writer.close()

    async def work(client: Swift) -> None:
        server = await asyncio.start_unix_server(loading, tmp_path / "socket")
        with pytest.raises(ServerGone):
            await client.get("key")
        server.close()

    told(tmp_path / "socket", work)
