"""The context that real processes hand to handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msa_lab.runtime.process.bus import packed
from msa_lab.runtime.process.calling import Client
from msa_lab.runtime.process.documents import StoredDocuments
from msa_lab.runtime.process.outbox import message_of
from msa_lab.runtime.process.records import adapter
from msa_lab.runtime.process.search import TantivySearch
from msa_lab.runtime.process.seeds import StreamDice
from msa_lab.runtime.process.site import Site
from msa_lab.runtime.process.store import Kept, StoreView, Work
from msa_lab.sdk.contract import Operation, Reply, Request
from msa_lab.sdk.failures import RemoteFailure, Timeout
from msa_lab.sdk.ports import Cache, Caller, Config, Dice, Directory, Documents, Ids, Lock, Passwords, Search
from msa_lab.sdk.values import Duration, Instant

T = TypeVar("T")
NOBODY = Caller()


@dataclass(slots=True)
class Desk:
    """What the work of one incarnation of an instance shares."""

    site: Site
    service: str
    instance: str
    incarnation: int
    kept: Kept
    cache: Cache
    lock: Lock
    search: Search = field(init=False)
    documents: Documents = field(init=False)
    clients: dict[str, Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.search = TantivySearch(self.kept.database)
        self.documents = StoredDocuments(self.kept.database)

    def client(self, callee: str) -> Client:
        """Give this instance's way to another service."""
        client = self.clients.get(callee)
        if client is None:
            policy = self.site.topology.policy(self.site.specs[self.service], callee)
            client = self.clients[callee] = Client(self.site, (self.service, self.instance), callee, policy)
        return client


class SkewedClock:
    """The instance's clock: the run's, ahead or behind if a fault says so."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def now(self) -> Instant:
        """Tell the instant."""
        site = self._desk.site
        return Instant(site.clock.now() + site.hurting.skew(self._desk.service, self._desk.instance))

    async def sleep(self, duration: Duration) -> None:
        """Wait."""
        await asyncio.sleep(max(0, duration) / 1_000_000)


class ProcessContext:
    """One request, delivery, job or saga on one instance."""

    def __init__(
        self, desk: Desk, work: Work, *, caller: Caller = NOBODY, deadline: Instant | None = None
    ) -> None:
        self.desk = desk
        self.work = work
        self.caller = caller
        self.deadline = deadline
        self.clock = SkewedClock(desk)
        self.store = StoreView(desk.kept, work)

    @property
    def service(self) -> str:
        return self.desk.service

    @property
    def instance(self) -> str:
        return self.desk.instance

    @property
    def incarnation(self) -> int:
        return self.desk.incarnation

    @property
    def dice(self) -> Dice:
        return StreamDice(self.desk.site.draw)

    @property
    def ids(self) -> Ids:
        return self.desk.site.ids

    @property
    def cache(self) -> Cache:
        return self.desk.cache

    @property
    def lock(self) -> Lock:
        return self.desk.lock

    @property
    def search(self) -> Search:
        return self.desk.search

    @property
    def documents(self) -> Documents:
        return self.desk.documents

    @property
    def passwords(self) -> Passwords:
        return self.desk.site.passwords

    @property
    def config(self) -> Config:
        return self.desk.site.config

    @property
    def operations(self) -> Directory:
        return self.desk.site.directory

    async def call(
        self,
        operation: Operation[Request, Reply],
        request: Request,
        *,
        key: str | None = None,
        timeout: Duration | None = None,  # noqa: ASYNC109 - the port's own word
        caller: Caller | None = None,
    ) -> Reply:
        """Call under the policy for the callee; see the port."""
        identity = caller or Caller(self.service, self.caller.subject, self.caller.roles)
        body = await self.desk.client(operation.service).call(
            self.work.story,
            operation,
            request,
            key=key,
            within=timeout,
            deadline=self.deadline,
            identity=identity,
        )
        try:
            reply: Reply = adapter(operation.reply).validate_python(body)
        except ValueError as error:
            raise RemoteFailure(f"the reply of {operation.name} does not fit its contract") from error
        return reply

    async def publish(self, event: object) -> None:
        """Publish at once and wait for the broker's answer."""
        message = message_of(self.desk.site, self.work.story, event)
        await self.desk.kept.relay.offer(message, packed(message))

    async def gather(self, *parts: Coroutine[Any, Any, T]) -> tuple[T, ...]:
        """Run the parts side by side; when all have ended, give their results or raise the first failure."""
        ended = await asyncio.gather(*parts, return_exceptions=True)
        results: list[T] = []
        for end in ended:
            if isinstance(end, BaseException):
                raise end
            results.append(end)
        return tuple(results)

    async def timeout(self, duration: Duration, part: Coroutine[Any, Any, T]) -> T:
        """Run one part, closing it when time is up."""
        try:
            async with asyncio.timeout(duration / 1_000_000):
                return await part
        except TimeoutError:
            raise Timeout from None

    def log(self, message: str, **data: str | int) -> None:
        """Leave a note."""
        self.desk.site.journal.emit(self.work.story, "note", {"message": message, **data})
