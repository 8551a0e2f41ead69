"""HTTP/1.1 as calls between services need it: one request at a time on each of the lines kept to an instance.

A general client spends more on a call than the network does; its redirects, cookies, proxies and encodings
are nothing to services that speak to each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple, cast

import httptools

from msa_lab.sdk.failures import ConnectionLost, Unavailable

STORY = b"x-msalab-story"
"""The header by which processes of the shop tell each other of a story."""

KEPT_FOR = 30.0
"""How many seconds an idle line may be used again; servers hang up later than that."""


class Response(NamedTuple):
    """What came back; `story` is what the other side says of the story, b'' when it says nothing."""

    status: int
    body: bytes
    story: bytes


class Line(asyncio.Protocol):
    """One connection. Between two requests it lies in `idle`."""

    def __init__(self, idle: list[Line], every: set[Line]) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle = idle
        self._every = every
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._awaited: asyncio.Future[Response] | None = None
        self._story = b""
        self._body: list[bytes] = []
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.until = 0.0

    # -- as the loop calls it -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)  # of uvloop, which derives from nothing
        self._every.add(self)

    def data_received(self, data: bytes) -> None:
        """Read a response."""
        if self._awaited is None:  # nobody asked: whatever this is, the next request must not be given it
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"no HTTP: {error}")
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        self.lost.set_result(None)
        self._every.discard(self)
        if self in self._idle:
            self._idle.remove(self)
        self._fail(str(error or "the connection was closed"))

    def _fail(self, why: str) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is not None and not awaited.done():
            awaited.set_exception(ConnectionLost(why))

    # -- as the parser calls it ---------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Hang up on who answers twice: nobody may be given the second answer as theirs."""
        if self._awaited is None:
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the one header that matters."""
        if name.lower() == STORY:
            self._story = value

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self._body.append(part)

    def on_message_complete(self) -> None:
        """Give the response to whoever waits; the line is free again if the other side keeps it."""
        awaited, self._awaited = self._awaited, None
        if awaited is None:
            return
        body = self._body
        whole = body[0] if len(body) == 1 else b"".join(body)
        response = Response(self._parser.get_status_code(), whole, self._story)
        self._story, self._body = b"", []
        if self._parser.should_keep_alive():
            self.until = self._loop.time() + KEPT_FOR
            self._idle.append(self)
        else:
            self.close()
        if not awaited.done():
            awaited.set_result(response)

    # -- as callers see it --------------------------------------------------------------------------------

    async def ask(self, request: bytes) -> Response:
        """Send a request and wait; who stops waiting hangs up.

        Raises:
            ConnectionLost: when no whole response came.
        """
        if self._transport is None:
            raise ConnectionLost("the connection was closed")
        awaited: asyncio.Future[Response] = self._loop.create_future()
        self._awaited = awaited
        self._transport.write(request)
        try:
            return await awaited
        except asyncio.CancelledError:
            if self._awaited is awaited:
                self._awaited = None
                self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Hang up, whatever is still to be sent."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def usable(self) -> bool:
        """Whether a request may be sent."""
        return (
            self._transport is not None
            and not self._transport.is_closing()
            and self._loop.time() < self.until
        )


class Lines:
    """The lines of one process, as many to an instance as there are requests at once."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[Line]] = {}
        self._every: set[Line] = set()

    async def post(
        self, host: str, port: int, path: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> Response:
        """Send a request. The caller bounds the time.

        Raises:
            Unavailable: when nobody listens there.
            ConnectionLost: when no whole response came.
        """
        told = "".join([f"{name}: {value}\r\n" for name, value in headers])
        head = f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\n{told}content-length: {len(body)}\r\n\r\n"
        line = await self._line(host, port)
        return await line.ask(head.encode() + body)

    async def _line(self, host: str, port: int) -> Line:
        idle = self._idle.get((host, port))
        if idle is None:
            idle = self._idle[host, port] = []
        while idle:
            line = idle.pop()
            if line.usable:
                return line
            line.close()
        try:
            _, line = await asyncio.get_running_loop().create_connection(
                lambda: Line(idle, self._every), host, port
            )
        except OSError as error:
            raise Unavailable(str(error)) from error
        return line

    async def close(self) -> None:
        """Hang up everywhere."""
        lost = [line.lost for line in self._every]
        for line in list(self._every):
            line.abort()
        await asyncio.gather(*lost)
