"""One service by itself, as an application for any ASGI server: its database in a folder, the rest by URL.

It is a process of the shop without a supervisor: nobody keeps its log, hurts it or starts it again.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.blueprint import Blueprint, Placed
from msa_lab.runtime.process.child import Process
from msa_lab.runtime.process.context import SkewedClock
from msa_lab.runtime.process.hurting import SharedCounts
from msa_lab.runtime.process.intake import Receive
from msa_lab.runtime.process.ports import MemoryCache, MemoryLock
from msa_lab.runtime.process.site import Address
from msa_lab.runtime.process.web import Send, Web
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.topology.model import Topology

PREFIX = "msalab:alone:"
"""How all names in a broker or cache by URL begin, so that services alone meet there."""


@dataclass(frozen=True, slots=True)
class Alone:
    """A service, where it keeps its files, and host and port of each neighbour."""

    service: str
    specs: tuple[ServiceSpec, ...]
    topology: Topology
    folder: Path
    neighbours: Mapping[str, tuple[str, int]]


class AloneApp:
    """The ASGI application. It comes to life with the server's `lifespan`, in the server's loop."""

    def __init__(self, alone: Alone) -> None:
        """Claim the folder.

        Raises:
            EnvironmentTrouble: when it cannot be written, or another process has it.
        """
        self._alone = alone
        folder = alone.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / f"{alone.service}.lock").open("a+", encoding="ascii")
        except OSError as error:
            raise EnvironmentTrouble(f"folder {folder}: {error.strerror or error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise EnvironmentTrouble(
                f"folder {folder}: {alone.service} runs there already, and one process serves it\n"
                "  name another folder with MSALAB_DATA, or run uvicorn without --workers"
            ) from None
        self._process: Process | None = None
        self._web: Web | None = None

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve; see ASGI 3."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._web is None:
            raise RuntimeError("the server must support ASGI's lifespan: uvicorn --lifespan on")
        else:
            await self._web(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._open()
        except EnvironmentTrouble as trouble:
            await send({"type": "lifespan.startup.failed", "message": str(trouble)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._process is not None:
            await self._process.close([])
        self._lock.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> None:
        alone = self._alone
        name = f"{alone.service}-1"
        place = Placed(name, ((name, alone.service),))
        process = self._process = Process(self._blueprint(place), place, self._starts(), 1)
        site = process.site
        site.needs = tuple(need for need in ("broker", "cache") if getattr(alone.topology.servers, need))
        site.registry = {
            service: (Address(f"{service}-1", port, host),)
            for service, (host, port) in alone.neighbours.items()
        }
        # Instants since the epoch: neighbours must read a deadline alike, and records outlive this process.
        site.clock.begin(time.monotonic_ns() - time.time_ns())
        await process.build()
        host = process.hosts[name]
        if "cache" not in site.needs:
            clock = SkewedClock(host.desk)
            host.desk.cache, host.desk.lock = MemoryCache(clock), MemoryLock(clock)
        if "broker" in site.needs:
            host.listen()
        host.begin()
        host.ready = True
        self._web = Web(host)

    def _starts(self) -> int:
        """Count the starts in this folder, from 2 on: ids hold the number of the start that made them."""
        self._lock.seek(0)
        starts = int(self._lock.read() or 1) + 1
        self._lock.truncate(0)
        self._lock.write(f"{starts}\n")
        self._lock.flush()
        return starts

    def _blueprint(self, place: Placed) -> Blueprint:
        alone = self._alone
        return Blueprint(
            specs=alone.specs, topology=alone.topology, seed=1, given={}, config={}, faults=(),
            counts=SharedCounts((), alone.folder / "counts"), wanted=frozenset(), folder=alone.folder,
            processes=(place,), data=alone.folder, logs=alone.folder, prefix=PREFIX, lasting=True,
        )  # fmt: skip
