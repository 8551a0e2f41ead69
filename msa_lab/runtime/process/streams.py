"""The broker on Redis or Valkey streams: a topic is some streams, a dead letter a field of its group's hash.

A stream belongs to one member of a group at a time, by a lease as long as the visibility timeout: so there is
one consumer for each key. Who takes one over first claims what the last holder had not acknowledged
(XAUTOCLAIM), then reads what is new.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ServerGone
from redis.exceptions import RedisError, ResponseError, WatchError

from msa_lab.runtime.process.bus import (
    ANSWER_WITHIN,
    PARTITIONS,
    DeadLetter,
    Entry,
    Message,
    NoSuchLetter,
    away,
    packed,
    part_of,
    unpacked,
    unpacked_letter,
)
from msa_lab.runtime.process.servers import to_wait_on
from msa_lab.sdk.failures import PublishFailure, PublishRefused
from msa_lab.sdk.values import Duration

LONGEST_READ = 2.0
"""How long one read waits for something new, in seconds; less than a connection waits for an answer."""

POLL_EVERY = 0.02
CLAIMED_AT_ONCE = 100
AT_ONCE = 500


_PARTS = range(PARTITIONS)
_LAST = (2**64 - 1, 2**64 - 1)
"""The highest number that an entry can have."""


def _numbers(entry: bytes) -> tuple[int, int]:
    """Read an entry's number: its time in milliseconds, its place among those of the same."""
    stamp, _, place = bytes(entry).decode().partition("-")
    return int(stamp), int(place)


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise away(error) from error


class Streams:
    """The broker as one process reaches it. `prefix` keeps runs apart that share a server.

    With `blocking` False nothing new is waited for at the server: fakeredis loses messages that way.
    """

    def __init__(
        self, server: Redis, visibility: Duration, *, prefix: str = "", blocking: bool = True
    ) -> None:
        self.server = server
        self.visibility = visibility
        self.prefix = prefix
        self.blocking = blocking
        self.closed = False
        self.letters = StreamLetters(self)
        self._waited_on: dict[Redis, None] = {}

    def stream(self, topic: str, part: int) -> str:
        """Name a part of a topic."""
        return f"{self.prefix}topic:{topic}:{part}"

    def graveyard(self, group: str) -> str:
        """Name the hash of a group's dead letters."""
        return f"{self.prefix}dead:{group}"

    async def prepare(self, groups: Mapping[str, Sequence[str]]) -> None:
        """Make the groups on every stream, from the first message on."""
        with _answering():
            async with self.server.pipeline(transaction=False) as together:
                for group, topics in groups.items():
                    for topic in topics:
                        for part in range(PARTITIONS):
                            together.xgroup_create(self.stream(topic, part), group, id="0", mkstream=True)
                for answer in await together.execute(raise_on_error=False):
                    if isinstance(answer, Exception) and "BUSYGROUP" not in str(answer):
                        raise answer

    async def publish(self, message: Message, body: bytes) -> None:
        """Append a message to its stream."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self.server.xadd(self.stream(message.topic, part_of(message.key)), {"m": body})
        except ServerGone as error:
            raise PublishRefused(str(error)) from error
        except (RedisError, OSError, TimeoutError) as error:
            raise PublishFailure(str(error)) from error

    async def ping(self) -> None:
        """Ask whether it is there."""
        with _answering():
            await self.server.ping()

    def subscribe(self, group: str, member: str, topics: Sequence[str]) -> StreamSubscription:
        """Join a group."""
        return StreamSubscription(self, group, member, topics)

    async def tidy(self, hearers: Mapping[str, Sequence[str]]) -> int:
        """Cut streams where the first message begins that a group may still want.

        Between the look and the cut only more can be acknowledged, and what is handed out meanwhile is later.
        """
        groups = {self.stream(topic, part): heard for topic, heard in hearers.items() for part in _PARTS}
        with _answering():
            wanted = await self._first_wanted(groups)
            async with self.server.pipeline(transaction=False) as together:
                for stream, number in wanted.items():
                    together.xtrim(stream, minid="{}-{}".format(*number), approximate=False)
                return sum(map(int, await together.execute()))

    async def _first_wanted(self, groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, int]]:
        """Give the number before which no group wants anything of a stream, of those that have all groups."""
        async with self.server.pipeline(transaction=False) as together:
            for stream in groups:
                together.xinfo_groups(stream)
            answers: list[Any] = await together.execute(raise_on_error=False)
        wanted: dict[str, tuple[int, int]] = {}
        pending: list[tuple[str, str]] = []
        for (stream, heard), answer in zip(groups.items(), answers, strict=True):
            if isinstance(answer, ResponseError):  # nothing was ever published there
                continue
            if isinstance(answer, Exception):
                raise answer
            known = {bytes(one["name"]).decode(): one for one in answer}
            if all(group in known for group in heard):
                reached = [_numbers(known[group]["last-delivered-id"]) for group in heard]
                wanted[stream] = min([(stamp, place + 1) for stamp, place in reached], default=_LAST)
                pending += [(stream, group) for group in heard if known[group]["pending"]]
        async with self.server.pipeline(transaction=False) as together:
            for stream, group in pending:
                together.xpending(stream, group)
            for (stream, _), told in zip(pending, await together.execute(), strict=True):
                if told["min"] is not None:
                    wanted[stream] = min(wanted[stream], _numbers(told["min"]))
        return wanted

    async def clean(self) -> None:
        """Remove all keys of the run."""
        with _answering():
            await forget(self.server, f"{self.prefix}*")

    def to_wait_on(self) -> Redis:
        """Give a client on which a member may wait for something new; to be given back."""
        server = to_wait_on(self.server)
        if server is not self.server:
            self._waited_on[server] = None
        return server

    async def give_back(self, server: Redis) -> None:
        """Close what `to_wait_on` gave."""
        if server in self._waited_on:
            del self._waited_on[server]
            await server.aclose()

    async def close(self) -> None:
        """Close the connections."""
        self.closed = True
        for server in [*self._waited_on, self.server]:
            await server.aclose()


async def forget(server: Redis, pattern: str) -> int:
    """Delete the keys that a pattern fits; give how many."""
    gone, some = 0, list[Any]()
    async for key in server.scan_iter(match=pattern, count=AT_ONCE):
        some.append(key)
        if len(some) == AT_ONCE:
            gone += int(await server.unlink(*some))
            some.clear()
    return gone + (int(await server.unlink(*some)) if some else 0)


class StreamSubscription:
    """One member of a group, with the streams that it has a lease of."""

    def __init__(self, broker: Streams, group: str, member: str, topics: Sequence[str]) -> None:
        self._broker = broker
        self._server = broker.server
        self._reading = broker.to_wait_on()
        self._group = group
        self._member = member
        self._topics = tuple(topics)
        self._streams = [broker.stream(topic, part) for topic in topics for part in range(PARTITIONS)]
        self._owned: dict[str, None] = {}
        self._joined = False
        self._renew_at = 0.0

    async def fetch(self, room: int) -> list[Entry]:
        """Keep the leases, take over what others left, else read what is new."""
        with _answering():
            if not self._joined:
                await self._broker.prepare({self._group: self._topics})
                self._joined = True
            found = await self._keep_leases()
            if found or not room:
                return found
            return await self._read(room)

    async def _keep_leases(self) -> list[Entry]:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now < self._renew_at:
            return []
        visibility = self._broker.visibility // 1000
        holders = await self._ask_for_leases(visibility)
        # Who was held up for long may have been overtaken while it asked; it looks again next time.
        if loop.time() - now > visibility / 2000:
            self._owned.clear()
            return []
        mine = [
            stream for stream, holder in zip(self._streams, holders, strict=True) if holder == self._member
        ]
        known, self._owned = self._owned, dict.fromkeys(mine)
        await self._prolong([stream for stream in mine if stream in known], visibility)
        found = await self._claim({stream: visibility if stream in known else 0 for stream in mine})
        self._renew_at = now + visibility / 3000
        return found

    async def _ask_for_leases(self, visibility: int) -> list[str]:
        """Take the leases that are free; give who has each."""
        async with self._server.pipeline(transaction=False) as together:
            for stream in self._streams:
                together.set(self._lease(stream), self._member, nx=True, px=visibility)
                together.get(self._lease(stream))
            answers = await together.execute()
        return [(holder or b"").decode() for holder in answers[1::2]]

    async def _prolong(self, streams: Sequence[str], visibility: int) -> None:
        async with self._server.pipeline(transaction=False) as together:
            for stream in streams:
                together.pexpire(self._lease(stream), visibility)
            await together.execute()

    def _lease(self, stream: str) -> str:
        return f"{self._broker.prefix}lease:{self._group}:{stream.removeprefix(self._broker.prefix)}"

    async def _claim(self, idle: Mapping[str, int]) -> list[Entry]:
        """Take over what was handed out and not acknowledged for so many milliseconds, of each stream."""
        found: list[Entry] = []
        starts: dict[str, Any] = dict.fromkeys(idle, b"0-0")
        while starts:
            async with self._server.pipeline(transaction=False) as together:
                for stream, start in starts.items():
                    together.xautoclaim(
                        stream, self._group, self._member, min_idle_time=idle[stream], start_id=start,
                        count=CLAIMED_AT_ONCE,
                    )  # fmt: skip
                answers = await together.execute()
            for stream, answer in zip(list(starts), answers, strict=True):
                starts[stream] = answer[0]
                if bytes(answer[0]) == b"0-0":
                    del starts[stream]
                if answer[1]:
                    found += self._entries(stream, answer[1], await self._handed_out(stream, answer[1]))
        return found

    async def _handed_out(self, stream: str, taken: Sequence[Any]) -> dict[bytes, int]:
        """Tell how often each was handed out before it was claimed."""
        pending: Any = await self._server.xpending_range(
            stream, self._group, min=taken[0][0], max=taken[-1][0], count=len(taken),
            consumername=self._member,
        )  # fmt: skip
        return {bytes(one["message_id"]): max(0, int(one["times_delivered"]) - 1) for one in pending}

    async def _read(self, room: int) -> list[Entry]:
        left = max(0.0, min(self._renew_at - asyncio.get_running_loop().time(), LONGEST_READ))
        if not self._owned:
            await asyncio.sleep(left)
            return []
        found: Any = await self._reading.xreadgroup(
            self._group, self._member, dict.fromkeys(self._owned, ">"), count=room,
            block=max(1, int(left * 1000)) if self._broker.blocking else None,
        )  # fmt: skip
        entries: list[Entry] = []
        for stream, taken in found or ():
            entries += self._entries(bytes(stream).decode(), taken, {})
        if not (entries or self._broker.blocking):
            await asyncio.sleep(min(left, POLL_EVERY))
        return entries

    def _entries(self, stream: str, taken: Sequence[Any], earlier: Mapping[bytes, int]) -> list[Entry]:
        entries = []
        for number, fields in taken:
            if fields is not None:  # None: deleted since
                place = (stream, bytes(number))
                message = unpacked(fields[b"m"])
                if fields.get(b"g", self._group.encode()) != self._group.encode():
                    message = msgspec.structs.replace(message, event="")  # replayed for another group
                entries.append(Entry(message, place, None, earlier.get(bytes(number), 0)))
        return entries

    async def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Say that these are done, stream by stream: mostly it is one."""
        done: dict[str, list[Any]] = {}
        for entry in entries:
            done.setdefault(entry.place[0], []).append(entry.place[1])
        with _answering():
            for stream, numbers in done.items():
                await self._server.xack(stream, self._group, *numbers)

    async def bury(self, entry: Entry, letter: DeadLetter) -> None:
        """Keep the letter and acknowledge the message, both or none."""
        stream, number = entry.place
        with _answering():
            async with self._server.pipeline(transaction=True) as together:
                together.hset(self._broker.graveyard(self._group), letter.message.id, packed(letter))
                together.xack(stream, self._group, number)  # type: ignore[arg-type] # an entry's number
                await together.execute()

    async def close(self) -> None:
        """Give the leases back, so that others need not wait for their end."""
        await self._broker.give_back(self._reading)
        owned, self._owned = list(self._owned), {}
        # After the leases' time they may be another's; after the connection's end they end by themselves.
        if owned and not self._broker.closed and asyncio.get_running_loop().time() < self._renew_at:
            with _answering():
                await self._server.delete(*(self._lease(stream) for stream in owned))


class StreamLetters:
    """Dead letters in a hash for each group, by message."""

    def __init__(self, broker: Streams) -> None:
        self._broker = broker
        self._server = broker.server

    async def listed(self, groups: Sequence[str]) -> list[DeadLetter]:
        """Give the dead letters of these groups, oldest first."""
        with _answering():
            async with self._server.pipeline(transaction=False) as together:
                for group in groups:
                    together.hvals(self._broker.graveyard(group))
                answers = await together.execute()
        letters = [unpacked_letter(body) for bodies in answers for body in bodies]
        return sorted(letters, key=lambda letter: (letter.at, letter.group, letter.message.id))

    async def find(self, group: str, message: str) -> DeadLetter:
        """Give one."""
        with _answering():
            body: Any = await self._server.hget(self._broker.graveyard(group), message)
        if body is None:
            raise NoSuchLetter(message)
        return unpacked_letter(body)

    async def edit(self, group: str, message: str, data: Any) -> DeadLetter:  # noqa: ANN401 - JSON
        """Give one other content."""
        letter = await self.find(group, message)
        changed = msgspec.structs.replace(letter, message=msgspec.structs.replace(letter.message, data=data))
        await self._take(group, message, changed)
        return changed

    async def replay(self, group: str, message: str) -> None:
        """Append one to its stream again, for that group alone."""
        letter = await self.find(group, message)
        stream = self._broker.stream(letter.message.topic, part_of(letter.message.key))
        await self._take(group, message, None, {stream: {"m": packed(letter.message), "g": group}})

    async def drop(self, group: str, message: str) -> None:
        """Forget one."""
        await self._take(group, message, None)

    async def _take(
        self,
        group: str,
        message: str,
        instead: DeadLetter | None,
        append: Mapping[str, dict[Any, Any]] | None = None,
    ) -> None:
        """Put another in a letter's place, or nothing, and append to streams: all that, or nothing at all."""
        graveyard = self._broker.graveyard(group)
        with _answering():
            async with self._server.pipeline(transaction=True) as together:
                while True:
                    try:
                        await together.watch(graveyard)
                        present: Any = await together.hexists(graveyard, message)
                        if not present:
                            raise NoSuchLetter(message)
                        together.multi()  # type: ignore[no-untyped-call]
                        if instead is None:
                            together.hdel(graveyard, message)
                        else:
                            together.hset(graveyard, message, packed(instead))
                        for stream, fields in (append or {}).items():
                            together.xadd(stream, fields)
                        await together.execute()
                    except WatchError:
                        continue
                    else:
                        return
