"""Frames arrive whole, however the bytes come."""

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from msa_lab.runtime.process.wire import LIMIT, frame, frames, send

MESSAGES: list[list[Any]] = [
    ["hello", "order-1", 1],
    ["log", [[1, 2, "commit", {"a": "x" * 5_000}]]],
    [],
    ["stop"],
]
WHOLE = b"".join(map(frame, MESSAGES))


async def read(reader: asyncio.StreamReader) -> list[list[Any]]:
    return [message async for message in frames(reader)]


@pytest.mark.parametrize("size", [1, 3, 7, 4_096, len(WHOLE)])
def test_messages_are_the_same_in_pieces_of_any_size(size: int) -> None:
    async def told() -> list[list[Any]]:
        reader = asyncio.StreamReader()
        reading = asyncio.create_task(read(reader))
        for start in range(0, len(WHOLE), size):
            reader.feed_data(WHOLE[start : start + size])
            await asyncio.sleep(0)
        reader.feed_eof()
        return await reading

    assert asyncio.run(told()) == MESSAGES


def test_a_frame_cut_short_is_left_out() -> None:
    async def told() -> list[list[Any]]:
        reader = asyncio.StreamReader()
        reader.feed_data(WHOLE[:-2])
        reader.feed_eof()
        return await read(reader)

    assert asyncio.run(told()) == MESSAGES[:-1]


def test_a_frame_that_claims_too_much_is_refused() -> None:
    async def told() -> list[list[Any]]:
        reader = asyncio.StreamReader()
        reader.feed_data(struct.pack(">I", LIMIT + 1))
        return await read(reader)

    with pytest.raises(ValueError, match=f"a frame of {LIMIT + 1} bytes"):
        asyncio.run(told())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_what_is_sent_to_a_connection_that_has_ended_is_dropped(
    tmp_path: Path, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def told() -> list[list[Any]]:
        heard: asyncio.Future[list[list[Any]]] = asyncio.get_running_loop().create_future()

        async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.set_result(await read(reader))
            writer.close()

        async with await asyncio.start_unix_server(met, tmp_path / "line"):
            _, writer = await asyncio.open_unix_connection(tmp_path / "line")
            send(writer, frame(["hello"]))
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            send(writer, frame(["too late"]))
            return await heard

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(told()) == [["hello"]]
