"""A shop that stays up forgets what is done, and nothing else."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence

import pytest
from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis

from msa_lab.runtime.process.bus import Entry, Message, packed
from msa_lab.runtime.process.endpoints import hearers_of
from msa_lab.runtime.process.servers import connection
from msa_lab.runtime.process.streams import Streams
from msa_lab.sdk import seconds
from tests.builders import SHOP

TOPIC = "till.events"
HEARERS = {TOPIC: ("diary", "reader"), "unheard.events": ()}


@pytest.fixture(params=["valkey", "fakeredis"])
def broker(request: pytest.FixtureRequest) -> Iterator[tuple[asyncio.Runner, Streams]]:
    """A broker on streams, and the loop that it is used in."""
    server: Redis
    server = connection(request.getfixturevalue("valkey")) if request.param == "valkey" else FakeAsyncRedis()
    streams = Streams(server, seconds(5), prefix=f"test:{secrets.token_hex(4)}:", blocking=False)
    with asyncio.Runner() as runner:
        yield runner, streams
        runner.run(streams.close())


async def publish(broker: Streams, *ids: str, topic: str = TOPIC) -> None:
    for one in ids:
        message = Message(one, "till.sold", topic, "cup", "", 0, 0, 0, 0, {})
        await broker.publish(message, packed(message))


async def taken(broker: Streams, group: str, count: int) -> list[Entry]:
    """Let the only member of a group read so many."""
    member = broker.subscribe(group, f"{group}-1", (TOPIC,))
    found: list[Entry] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += await member.fetch(count - len(found))
    return found


async def done(broker: Streams, group: str, entries: Sequence[Entry]) -> None:
    await broker.subscribe(group, f"{group}-1", (TOPIC,)).acknowledge(entries)


def test_what_all_groups_have_done_is_forgotten_and_what_one_has_not_is_kept(
    broker: tuple[asyncio.Runner, Streams],
) -> None:
    runner, streams = broker

    async def played() -> list[object]:
        await streams.prepare({"diary": (TOPIC,), "reader": (TOPIC,)})
        await publish(streams, "a", "b", "c", "d")
        seen: list[object] = [await streams.tidy(HEARERS)]
        diary = await taken(streams, "diary", 4)
        await done(streams, "diary", diary)
        seen.append(await streams.tidy(HEARERS))  # the reader has not begun
        reader = await taken(streams, "reader", 3)
        await done(streams, "reader", [reader[0], reader[2]])
        seen.append(await streams.tidy(HEARERS))  # it holds b still
        await done(streams, "reader", [reader[1]])
        seen.append(await streams.tidy(HEARERS))
        seen.append([entry.message.id for entry in await taken(streams, "reader", 1)])
        return seen

    assert runner.run(played()) == [0, 0, 1, 2, ["d"]]


def test_a_group_that_is_not_there_yet_misses_nothing(broker: tuple[asyncio.Runner, Streams]) -> None:
    runner, streams = broker

    async def played() -> tuple[int, list[str]]:
        await streams.prepare({"diary": (TOPIC,)})
        await publish(streams, "a", "b")
        await done(streams, "diary", await taken(streams, "diary", 2))
        gone = await streams.tidy(HEARERS)
        return gone, [entry.message.id for entry in await taken(streams, "reader", 2)]

    assert runner.run(played()) == (0, ["a", "b"])


def test_what_nobody_hears_is_not_kept(broker: tuple[asyncio.Runner, Streams]) -> None:
    runner, streams = broker

    async def played() -> int:
        await publish(streams, "a", "b", topic="unheard.events")
        return await streams.tidy(HEARERS)

    assert runner.run(played()) == 2


def test_all_topics_of_a_shop_are_tidied_those_that_nobody_hears_too() -> None:
    assert hearers_of(SHOP) == {"till.events": ("diary",)}
