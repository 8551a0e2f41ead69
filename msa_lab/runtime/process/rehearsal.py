"""What the fork server does once, so that its children need not each do it: a child's whole life, in small.

Libraries make much only when it is first needed: dialects, compiled statements, patterns, parsers, caches.
What is made before the fork is made once and its memory shared; else every child makes it for itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvloop

from msa_lab.runtime.process.blueprint import Blueprint, Placed
from msa_lab.runtime.process.child import Process
from msa_lab.runtime.process.limits import LIMITS
from msa_lab.runtime.process.listener import Listener
from msa_lab.runtime.process.web import Web


def rehearse(blueprint: Blueprint) -> None:
    """Bring one instance up in this process, ask it something, and take it down again.

    It touches nothing of the run: its database lies in a folder of its own, and no server is asked. One
    service is enough: all of them together spared another 3 MB of 420.
    """
    with tempfile.TemporaryDirectory(prefix="msalab-") as name:
        folder = Path(name)
        topology = blueprint.topology
        apart = dataclasses.replace(
            blueprint, folder=folder, data=folder, logs=folder,
            topology=dataclasses.replace(topology, servers=topology.servers.changed({"database": ""})),
        )  # fmt: skip
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_live(apart))


async def _live(blueprint: Blueprint) -> None:
    spec = max(blueprint.specs, key=lambda spec: len(spec.tables) + len(spec.sagas))  # it needs most of all
    name = f"{spec.name}-1"
    process = Process(blueprint, Placed(name, ((name, spec.name),)), 1, 1)
    await process.build()
    web = Web(process.hosts[name])
    Listener(web, LIMITS).config.load()
    await _ask(web)
    await process.close([])


async def _ask(web: Web) -> None:
    """Ask whether it lives, past the network."""
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "method": "GET", "path": "/health", "raw_path": b"/health", "query_string": b"", "root_path": "",
        "scheme": "http", "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 1), "headers": [],
    }  # fmt: skip

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Mapping[str, Any]) -> None:
        return

    await web(scope, receive, send)
