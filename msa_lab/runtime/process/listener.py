"""The HTTP server of an instance: uvicorn with httptools, and bounds for who is slow or says too much.

A body's bounds are the application's (`intake`). Here are those of what comes before it, and of what is sent
back and not taken. Nothing of it costs a well-behaved request anything: who is stuck is looked for once in a
while.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from msa_lab.runtime.process.limits import Limits
from msa_lab.runtime.process.web import Web

SWEEP_EVERY = 0.5
"""How often, in seconds, connections are looked over."""


_REFUSED = (
    "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n"
)
_REASONS = {408: "Request Timeout", 431: "Request Header Fields Too Large"}


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The head of a request may be so long and take so long, and no longer."""

    def __init__(self, *given: Any, limits: Limits, **named: Any) -> None:  # noqa: ANN401 - as uvicorn hands them over
        super().__init__(*given, **named)
        self._limits = limits
        self._unfinished = 0

    @property
    def in_head(self) -> bool:
        """Whether a head has begun, or the first is awaited, and is not complete."""
        cycle = self.cycle
        return (cycle is None or cycle.response_complete) and self.timeout_keep_alive_task is None

    @property
    def unheard(self) -> bool:
        """Whether the other side does not take what it is sent."""
        return self.flow.write_paused

    def data_received(self, data: bytes) -> None:
        """Take what came in."""
        most = self._limits.head
        if len(data) > most and (self.cycle is None or self.cycle.response_complete):
            end = data.find(b"\r\n\r\n")
            if end < 0 or end > most:
                self.refuse(431, "the head is too large")
                return
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._unfinished += len(data)
            if self._unfinished > most:
                self.refuse(431, "the head is too large")
        else:
            self._unfinished = 0

    def refuse(self, status: int, message: str) -> None:
        """Say why, and hang up."""
        if self.transport.is_closing():
            return
        body = b'{"failure": "InvalidRequest", "message": "%s"}' % message.encode()
        self.transport.write(_REFUSED.format(status, _REASONS[status], len(body)).encode() + body)
        self.transport.close()


class Listener(uvicorn.Server):
    """A server that leaves the signals alone: whoever started it ends it."""

    def __init__(self, web: Web, limits: Limits) -> None:
        protocol: Any = partial(BoundedProtocol, limits=limits)  # called as the class is
        config = uvicorn.Config(
            web, http=protocol, lifespan="off", ws="none", log_config=None, access_log=False,
            server_header=False, proxy_headers=False, timeout_keep_alive=75, timeout_graceful_shutdown=1,
        )  # fmt: skip
        super().__init__(config)
        self._limits = limits
        self._woken = asyncio.Event()
        self._heads: dict[BoundedProtocol, float] = {}
        self._replies: dict[BoundedProtocol, float] = {}

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    def stop(self) -> None:
        """End."""
        self.should_exit = True
        self._woken.set()

    async def main_loop(self) -> None:
        """Sweep until asked to end; uvicorn's own loop wakes up ten times a second."""
        while not await self.on_tick(0):
            self._sweep()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_EVERY):
                    await self._woken.wait()

    def _sweep(self) -> None:
        """Hang up on who has been at the same head, or has not taken a reply, for too long."""
        now = asyncio.get_running_loop().time()
        connected = [one for one in self.server_state.connections if isinstance(one, BoundedProtocol)]
        self._heads = {one: self._heads.get(one, now) for one in connected if one.in_head}
        self._replies = {one: self._replies.get(one, now) for one in connected if one.unheard}
        for one, since in self._heads.items():
            if now - since > self._limits.head_within:
                one.refuse(408, "no whole head in time")
        for one, since in self._replies.items():
            if now - since > self._limits.reply_within:
                one.transport.abort()
