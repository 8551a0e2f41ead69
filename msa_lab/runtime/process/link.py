"""Commands to a Valkey server in line over one connection: the next is sent before the last is answered.

A general client spends several times more on a command than the server does: a pool, tries, a timeout and a
recorder for each. Between a process of the shop and a server of the shop's own nothing of it is needed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import hiredis
from redis.exceptions import BusyLoadingError, RedisError, ResponseError
from redis.exceptions import ConnectionError as ServerGone
from redis.exceptions import TimeoutError as ServerSilent

Word = str | bytes | int


def _packed(words: Sequence[Word]) -> bytes:
    given: Any = tuple(words)  # its stub knows tuples of one word only
    packed: bytes = hiredis.pack_command(given)
    return packed


def _refusal(text: str) -> RedisError:
    """Tell a server that is not there for us from one that says no."""
    if text.startswith("LOADING "):
        return BusyLoadingError(text)
    said = text.removeprefix("ERR ")
    return ServerGone(said) if said == "max number of clients reached" else ResponseError(said)


_MULTI, _EXEC = _packed(("MULTI",)), _packed(("EXEC",))


class _Conversation(asyncio.Protocol):
    """One connection, from its beginning to its end. Replies come in the order of the commands."""

    def __init__(self, patience: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._patience = patience
        self._reader = hiredis.Reader(replyError=_refusal)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[asyncio.Future[Any], int, float]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._parting = ""
        self.over = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether commands may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)  # of uvloop, which derives from nothing

    def data_received(self, data: bytes) -> None:
        """Give replies to those who wait for them; of several that belong together the last."""
        self._reader.feed(data)
        waiting = self._waiting
        while (reply := self._reader.gets()) is not False:
            if not waiting:  # nobody asked: it says why it will hang up
                self._parting = str(reply)
                continue
            answer, left, since = waiting.popleft()
            if left > 1:
                waiting.appendleft((answer, left - 1, since))
            elif not answer.done():
                if isinstance(reply, RedisError):
                    answer.set_exception(reply)
                else:
                    answer.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell all who wait."""
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        self._fail(ServerGone, self._parting or str(error or "the server closed the connection"))
        self.over.set()

    def _fail(self, kind: type[RedisError], why: str) -> None:
        waiting, self._waiting = self._waiting, deque()
        for answer, _, _ in waiting:
            if not answer.done():
                answer.set_exception(kind(why))

    def send(self, packed: bytes, replies: int) -> asyncio.Future[Any]:
        """Send commands that are answered by so many replies; give what will be the last of them."""
        if self._transport is None:
            raise ServerGone("the server closed the connection")
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((answer, replies, self._loop.time()))
        if self._watch is None:
            self._watch = self._loop.call_later(self._patience, self._look)
        self._transport.write(packed)
        return answer

    def _look(self) -> None:
        """Hang up on a server that has not answered for too long."""
        self._watch = None
        if not self._waiting:
            return
        late = self._waiting[0][2] + self._patience
        if late > self._loop.time():
            self._watch = self._loop.call_at(late, self._look)
        else:
            self._fail(ServerSilent, f"the server has not answered for {self._patience:g} seconds")
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection, whatever is still to be sent."""
        if self._transport is not None:
            self._transport.abort()


class Link:
    """The way to a server at a socket; connects when it is first needed, and again when that was lost.

    `patience` is how many seconds the server has for an answer.
    """

    def __init__(self, socket: Path, patience: float) -> None:
        self._socket = socket
        self._patience = patience
        self._conversation: _Conversation | None = None
        self._connecting = asyncio.Lock()
        self._closed = False

    async def ask(self, words: Sequence[Word]) -> Any:  # noqa: ANN401 - what the server says
        """Send a command and give the reply, as RESP2 has it: bytes, numbers, lists, None.

        Raises:
            ResponseError: what the server says against it.
            redis.exceptions.ConnectionError: when it is not there, or gone.
            redis.exceptions.TimeoutError: when it does not answer.
        """
        conversation = self._open or await self._connected()
        return await conversation.send(_packed(words), 1)

    async def ask_together(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """Send commands of which the server does all or nothing, no other's between; give their replies.

        Raises:
            RedisError: as `ask`.
        """
        conversation = self._open or await self._connected()
        packed = b"".join([_MULTI, *map(_packed, commands), _EXEC])
        replies: list[Any] = await conversation.send(packed, len(commands) + 2)
        for reply in replies:
            if isinstance(reply, RedisError):
                raise reply
        return replies

    @property
    def _open(self) -> _Conversation | None:
        conversation = self._conversation
        return conversation if conversation is not None and conversation.open else None

    async def _connected(self) -> _Conversation:
        async with self._connecting:
            if self._closed:
                raise ServerGone("this link was closed")
            conversation = self._open  # somebody else may have connected meanwhile
            if conversation is None:
                loop = asyncio.get_running_loop()
                try:
                    _, conversation = await loop.create_unix_connection(
                        lambda: _Conversation(self._patience), str(self._socket)
                    )
                except OSError as error:
                    raise ServerGone(str(error)) from error
                self._conversation = conversation
            return conversation

    async def close(self) -> None:
        """Hang up, for good: who asks later finds nobody."""
        async with self._connecting:
            self._closed = True
            if self._conversation is not None:
                self._conversation.hang_up()
                await self._conversation.over.wait()
