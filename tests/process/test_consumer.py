"""A consumer whose broker's client is not as it should be."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from msa_lab.runtime.process.bus import BrokerAway, Entry
from msa_lab.runtime.process.consumer import Consumer
from tests.builders import tiny


class Deaf:
    """A subscription whose client takes a cancellation for a lost connection, or for nothing at all."""

    def __init__(self, *, tells: bool) -> None:
        self._tells = tells
        self.asked = asyncio.Event()

    async def fetch(self, _room: int) -> list[Entry]:
        self.asked.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if self._tells:
                raise BrokerAway from None
        return []

    async def close(self) -> None:
        return


@pytest.mark.parametrize("tells", [True, False])
def test_a_consumer_ends_when_told_to_though_its_client_does_not_hear_it(*, tells: bool) -> None:
    async def ended() -> bool:
        deaf = Deaf(tells=tells)
        broker = SimpleNamespace(subscribe=lambda *_: deaf)
        site: Any = SimpleNamespace(broker=broker, topology=tiny())
        consumer = Consumer(
            site, "diary", "diary-1", topics=("till.events",), events=frozenset(), handle=_never
        )
        running = asyncio.create_task(consumer.run())
        await deaf.asked.wait()
        running.cancel()
        done, _ = await asyncio.wait((running,), timeout=5)
        return bool(done)

    assert asyncio.run(ended())


async def _never(_delivery: object) -> str:
    raise AssertionError
