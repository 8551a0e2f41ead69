"""The least that real services can be: FastAPI, uvicorn (uvloop, httptools), aiohttp, SQLite, and no lab.

Each service is a process; what it does for a request stands in the request: so many transactions, then
these calls of others. No handlers, records, faults, log, broker, deadlines.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import signal
import socket
import sqlite3
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

_ROW = "x" * 300


@dataclass(slots=True)
class Piece:
    """What one request makes a service do."""

    service: str
    commits: int = 0
    calls: list[Piece] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "service": self.service, "commits": self.commits, "calls": [call.plain() for call in self.calls]
        }  # fmt: skip

    def walk(self) -> Iterator[Piece]:
        """Give this piece and all below it."""
        yield self
        for call in self.calls:
            yield from call.walk()


class Work(BaseModel):
    """A piece, as it comes in."""

    service: str
    commits: int
    calls: list[Work]


class Done(BaseModel):
    """The answer."""

    transactions: int


class Balanced:
    """A client that takes the replicas of a service in turn."""

    def __init__(self, ports: Mapping[str, Sequence[int]]) -> None:
        self._turns = {name: itertools.cycle(known) for name, known in ports.items()}
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def call(self, service: str, body: object) -> int:
        """Send work to a service; give the number of transactions done there and below."""
        url = f"http://127.0.0.1:{next(self._turns[service])}/work"
        async with self._http.post(url, json=body) as response:
            response.raise_for_status()
            answer = await response.json()
            return int(answer["transactions"])

    async def ready(self, ports: Mapping[str, Sequence[int]]) -> None:
        """Come back when every replica answers."""
        urls = [f"http://127.0.0.1:{port}/openapi.json" for known in ports.values() for port in known]
        await asyncio.gather(*(self._http.get(url) for url in urls))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _app(path: Path, ports: Mapping[str, Sequence[int]]) -> FastAPI:
    app = FastAPI()
    database = sqlite3.connect(path, isolation_level=None, timeout=10)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute("CREATE TABLE IF NOT EXISTS work (id INTEGER PRIMARY KEY, row TEXT)")
    clients: list[Balanced] = []

    @app.post("/work")
    async def work(piece: Work) -> Done:
        if not clients:
            clients.append(Balanced(ports))
        for _ in range(piece.commits):
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO work (row) VALUES (?)", (_ROW,))
            database.execute("COMMIT")
        below = [await clients[0].call(call.service, call.model_dump()) for call in piece.calls]
        return Done(transactions=piece.commits + sum(below))

    return app


def _serve(listening: socket.socket, path: Path, ports: Mapping[str, Sequence[int]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = uvicorn.Config(
        _app(path, ports), loop="uvloop", http="httptools", log_config=None, access_log=False, lifespan="off"
    )
    uvicorn.Server(config).run([listening])


@contextmanager
def chain(replicas: Mapping[str, int], folder: Path) -> Iterator[dict[str, list[int]]]:
    """Start the services; give the ports of each."""
    sockets: dict[str, list[socket.socket]] = {}
    for name, count in replicas.items():
        for _ in range(count):
            listening = socket.socket()
            listening.bind(("127.0.0.1", 0))
            listening.listen(512)
            sockets.setdefault(name, []).append(listening)
    ports = {name: [one.getsockname()[1] for one in several] for name, several in sockets.items()}
    context = multiprocessing.get_context("fork")
    processes: list[BaseProcess] = []
    try:
        for name, several in sockets.items():
            for listening in several:
                process = context.Process(target=_serve, args=(listening, folder / f"{name}.sqlite", ports))
                process.start()
                processes.append(process)
        yield ports
    finally:
        for started in processes:
            if started.pid is not None:
                os.kill(started.pid, signal.SIGKILL)
            started.join()
        for several in sockets.values():
            for listening in several:
                listening.close()


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast something went: checkouts a second and the quantiles of their durations, in seconds."""

    rate: float
    median: float
    tail: float


def speed_of(ends: Sequence[tuple[float, float]], begin: float, end: float) -> Speed:
    """Sum up visits, each the moment it ended and how long it took, that ended between two moments."""
    took = [duration for moment, duration in ends if begin <= moment < end]
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return Speed(len(took) / (end - begin), cuts[49], cuts[94])


async def drive(
    ports: Mapping[str, Sequence[int]],
    visits: Sequence[Sequence[Piece]],
    customers: int,
    warm: float,
    length: float,
) -> Speed:
    """Let so many customers come back and back, each time for the next of the visits."""
    client = Balanced(ports)
    turns = itertools.cycle([[(piece.service, piece.plain()) for piece in visit] for visit in visits])
    ends: list[tuple[float, float]] = []
    await client.ready(ports)
    begun = time.perf_counter()
    over = begun + length

    async def customer() -> None:
        while (came := time.perf_counter()) < over:
            for service, body in next(turns):
                await client.call(service, body)
            left = time.perf_counter()
            ends.append((left, left - came))

    try:
        await asyncio.gather(*(customer() for _ in range(customers)))
    finally:
        await client.close()
    return speed_of(ends, begun + warm, over)
