"""The client of a Valkey server at a socket of our own: what is said all day goes past the general client.

That one takes a connection from its pool, packs, sends, reads and gives it back: 0.1 ms of CPU a command.
Here short commands share one link, each written at once behind those before it; what waits at the server has
a link to itself. Everything else is the general client's, and so is every server by URL.
"""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ServerGone
from redis.exceptions import InvalidResponse, ResponseError
from redis.exceptions import TimeoutError as NoAnswer

SHORT = frozenset({"DEL", "GET", "INCR", "SET", "XACK", "XADD"})
WAITING = frozenset({"XREADGROUP"})


def _refusal(told: str) -> Exception:
    """Give what an answer that is an error means; a server that reads its file is not there yet."""
    return ServerGone(told) if told.startswith("LOADING") else ResponseError(told)


class Link(asyncio.Protocol):
    """One connection; answers come in the order of the commands."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(protocolError=InvalidResponse, replyError=_refusal)
        self._awaited: deque[asyncio.Future[Any]] = deque()
        self._transport: Any = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand answers to those who asked."""
        try:
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not False:
                awaited = self._awaited.popleft()
                if awaited.done():
                    continue
                if isinstance(answer, Exception):
                    awaited.set_exception(answer)
                else:
                    awaited.set_result(answer)
        except (InvalidResponse, IndexError) as error:
            self._fail(ServerGone(f"no answer of a Valkey server: {error}"))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell all who wait."""
        self._transport = None
        self.lost.set_result(None)
        self._fail(ServerGone(str(error or "the server closed the connection")))

    def _fail(self, error: Exception) -> None:
        while self._awaited:
            awaited = self._awaited.popleft()
            if not awaited.done():
                awaited.set_exception(error)

    @property
    def open(self) -> bool:
        """Whether a command may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, command: tuple[Any, ...], within: float) -> Any:  # noqa: ANN401 - any answer
        """Send a command and wait for its answer, so many seconds.

        Raises:
            RedisError: when the server refuses, is gone, or does not answer.
        """
        if not self.open:
            raise ServerGone("the server closed the connection")
        awaited: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._transport.write(hiredis.pack_command(command))
        self._awaited.append(awaited)
        try:
            async with asyncio.timeout(within):
                return await awaited
        except TimeoutError as error:
            raise NoAnswer("the server does not answer") from error

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()


class Swift(Redis):
    """A client of the server at a socket; it has `patience` seconds to answer."""

    def __init__(self, socket: Path, patience: float, **options: Any) -> None:  # noqa: ANN401 - of the general client
        super().__init__(unix_socket_path=str(socket), socket_timeout=patience, **options)
        self._socket = socket
        self._patience = patience
        self._shared: Link | None = None
        self._meeting = asyncio.Lock()
        self._idle: list[Link] = []

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the general client has it
        """Execute a command and give its answer in Python's terms."""
        name = args[0]
        if name in SHORT:
            answer = await (await self._together()).ask(args, self._patience)
        elif name in WAITING:
            answer = await self._alone(args)
        else:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        options.pop("keys", None)
        read = self.response_callbacks.get(name)
        return answer if read is None else read(answer, **options)

    async def _together(self) -> Link:
        link = self._shared
        if link is None or not link.open:
            async with self._meeting:
                link = self._shared
                if link is None or not link.open:
                    link = self._shared = await self._met()
        return link

    async def _alone(self, command: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any answer
        while self._idle and not self._idle[-1].open:
            self._idle.pop()
        link = self._idle.pop() if self._idle else await self._met()
        try:
            answer = await link.ask(command, self._patience)
        except BaseException:
            link.close()  # an answer may still come, which is nobody's
            raise
        self._idle.append(link)
        return answer

    async def _met(self) -> Link:
        try:
            _, link = await asyncio.get_running_loop().create_unix_connection(Link, str(self._socket))
        except OSError as error:
            raise ServerGone(str(error)) from error
        return link

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - as the general client has it
        """Hang up everywhere."""
        links = [*self._idle, *filter(None, (self._shared,))]
        self._shared = None
        self._idle.clear()
        for link in links:
            link.close()
        await asyncio.gather(*(link.lost for link in links))
        await super().aclose(close_connection_pool)
