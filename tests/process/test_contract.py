"""The contract of the ports, its bodies written once, on SQLite, PostgreSQL and Valkey."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from redis.asyncio import Redis

from msa_lab.runtime.process.ports import ValkeyCache, ValkeyLock
from msa_lab.runtime.process.servers import connection
from msa_lab.sdk import Context, Duration
from msa_lab.sdk.ports import Cache, Lock
from tests.contract import test_cache, test_documents, test_lock, test_search, test_side_by_side, test_store
from tests.process.conftest import ProcessPorts

Promise = Callable[[ProcessPorts], None]

STORE: list[Any] = [body for name, body in vars(test_store).items() if name.startswith("test_")]
KEYED: list[Any] = [
    body
    for module in (test_cache, test_lock)
    for name, body in vars(module).items()
    if name.startswith("test_")
]
KEPT: list[Any] = [
    body
    for module in (test_documents, test_search)
    for name, body in vars(module).items()
    if name.startswith("test_") and body is not test_search.test_it_finds_what_fits_best_first
]
OTHERS: list[Any] = [
    test_side_by_side.test_gather_gives_results_in_the_order_of_the_parts,
    test_side_by_side.test_gathering_nothing_gives_nothing,
    test_side_by_side.test_gather_raises_the_first_parts_failure_when_all_have_ended,
    test_side_by_side.test_a_part_in_time_gives_its_result,
    test_side_by_side.test_a_part_that_fails_in_time_raises_its_own_failure,
    test_side_by_side.test_a_part_that_is_late_is_an_indefinite_timeout,
]


@pytest.mark.parametrize("promise", STORE, ids=lambda promise: promise.__name__)
def test_every_database_keeps(promise: Promise, stored: ProcessPorts) -> None:
    promise(stored)


@pytest.mark.parametrize("promise", KEPT, ids=lambda promise: promise.__name__)
def test_documents_and_search_in_every_database_keep(promise: Promise, stored: ProcessPorts) -> None:
    promise(stored)


@pytest.mark.parametrize(("text", "options", "ids"), test_search.QUERIES)
def test_tantivy_finds_what_fits_best_first(
    stored: ProcessPorts, text: str, options: dict[str, Any], ids: list[str]
) -> None:
    test_search.test_it_finds_what_fits_best_first(stored, text, options, ids)


@pytest.mark.parametrize("promise", OTHERS, ids=lambda promise: promise.__name__)
def test_a_process_keeps(promise: Promise, ports: ProcessPorts) -> None:
    promise(ports)


SLOWER = 40
"""Real time is not exact to the millisecond that the promises count: here each of theirs is so many."""


class SlowCache:
    """A cache whose values live longer."""

    def __init__(self, cache: Cache) -> None:
        self.get, self.delete = cache.get, cache.delete
        self._cache = cache

    async def set(self, key: str, value: str, ttl: Duration) -> None:
        await self._cache.set(key, value, Duration(ttl * SLOWER))

    async def increment(self, key: str, ttl: Duration) -> int:
        return await self._cache.increment(key, Duration(ttl * SLOWER))


class SlowLock:
    """A lock whose leases last longer."""

    def __init__(self, lock: Lock) -> None:
        self.release = lock.release
        self._lock = lock

    async def acquire(self, name: str, ttl: Duration) -> str:
        return await self._lock.acquire(name, Duration(ttl * SLOWER))


class SlowClock:
    """A clock on which pauses last longer, and a little more: a server counts whole milliseconds."""

    async def sleep(self, duration: Duration) -> None:
        await asyncio.sleep((duration * SLOWER + 2_000) / 1_000_000)


class SlowContext:
    """What cache and lock promise is asked of this."""

    def __init__(self, server: Redis, prefix: str) -> None:
        self.cache = SlowCache(ValkeyCache(server, "shelf", enabled=True, prefix=prefix))
        self.lock = SlowLock(ValkeyLock(server, "shelf", prefix=prefix))
        self.clock = SlowClock()


class KeyedPorts:
    """Cache and lock on a server."""

    def __init__(self, server: Redis) -> None:
        self._runner = asyncio.Runner()
        self._server = server
        self._context: Any = SlowContext(server, f"test:{secrets.token_hex(4)}:")

    def run(self, work: Callable[[Context], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - the work's
        return self._runner.run(work(self._context))

    def close(self) -> None:
        self._runner.run(self._server.aclose())
        self._runner.close()


@pytest.fixture(params=["valkey", "fakeredis"])
def keyed(request: pytest.FixtureRequest) -> Iterator[KeyedPorts]:
    """Cache and lock on each kind of server that has them."""
    if request.param == "valkey":
        made = KeyedPorts(connection(request.getfixturevalue("valkey")))
    else:
        made = KeyedPorts(FakeAsyncRedis(server=FakeServer()))
    yield made
    made.close()


@pytest.mark.parametrize("promise", KEYED, ids=lambda promise: promise.__name__)
def test_cache_and_lock_keep(promise: Callable[[KeyedPorts], None], keyed: KeyedPorts) -> None:
    promise(keyed)
