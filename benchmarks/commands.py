"""What a command to Valkey costs: by the general client, and over a link as services use it.

`python benchmarks/commands.py [commands]`. One process, one command after the other, its CPU time alone; both
sides in turn, so that what slows one down slows the other down as well.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from redis.asyncio import Redis

from msa_lab.runtime.process.servers import Endpoint, answers, command, connection

ROUNDS = 7
BODY = b"x" * 300

Command = Callable[[Redis], Awaitable[object]]

KINDS: dict[str, Command] = {
    "GET": lambda server: server.get("key"),
    "XADD": lambda server: server.xadd("stream", {"m": BODY}),
    "XREADGROUP": lambda server: server.xreadgroup("group", "member", {"stream": ">"}, count=1, block=1000),
    "XACK": lambda server: server.xack("stream", "group", "0-1"),
}


async def cost(server: Redis, kind: Command, count: int) -> float:
    """Give the microseconds of CPU of one command."""
    since = time.process_time()
    for _ in range(count):
        await kind(server)
    return (time.process_time() - since) / count * 1e6


async def measure(socket: Path, count: int) -> None:
    """Print the costs of each kind by both clients, and their ratio."""
    by_url = Endpoint(socket, url=f"unix://{socket}")
    clients = {"client": connection(by_url), "link": connection(socket)}
    async with asyncio.timeout(10):
        while not await answers(clients["link"]):  # noqa: ASYNC110 - nobody tells that it is there
            await asyncio.sleep(0.01)
    await clients["link"].set("key", BODY)
    await clients["link"].xgroup_create("stream", "group", id="0", mkstream=True)
    print(f"{count} commands a round, {ROUNDS} rounds in turn, microseconds of CPU each, medians:")
    for name, kind in KINDS.items():
        found: dict[str, list[float]] = {who: [] for who in clients}
        for _ in range(ROUNDS):
            for who, server in clients.items():
                found[who].append(await cost(server, kind, count))
        general, link = (statistics.median(found[who]) for who in clients)
        print(f"  {name:10}  general client {general:6.1f}   link {link:6.1f}   ratio {link / general:.2f}")
    for server in clients.values():
        await server.aclose()


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "s"
        server = subprocess.Popen(command(socket, Path(folder) / "data", durable=False))  # noqa: S603 - ours
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(measure(socket, count))
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
