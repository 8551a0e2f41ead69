"""The store port: commits with their marks, log events and messages in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msa_lab.chaos.verdicts import PASS, LostReply, Unreachable, Verdict
from msa_lab.runtime.hosting import ANSWERS, INBOX, AlreadyDone, Answered, Inboxed, saga_moves, visible
from msa_lab.runtime.process.bus import Message, packed
from msa_lab.runtime.process.database import Database, SqlTransaction
from msa_lab.runtime.process.journal import Story, Told
from msa_lab.runtime.process.outbox import Relay, message_of
from msa_lab.runtime.process.records import told
from msa_lab.runtime.process.site import Site
from msa_lab.sdk.contract import Record, Table
from msa_lab.sdk.failures import CommitUnknown, Conflict, Duplicate, StoreUnavailable
from msa_lab.sdk.memory import Change
from msa_lab.sdk.ports import Transaction
from msa_lab.sdk.saga import SAGAS, SagaRecord

T = TypeVar("T")
CONFLICT_PAUSE = 0.002
"""The longest pause, in seconds, before the second try of a transaction; it grows with each."""


@dataclass(slots=True)
class Work:
    """What is being worked on: a keyed request, a delivery, or neither."""

    story: Story
    key: str | None = None
    reply_type: type[Any] = object
    message: Message | None = None
    group: str = ""
    inbox: bool = False
    applied: bool = False

    @property
    def place(self) -> str:
        """The inbox entry's key."""
        return "" if self.message is None else f"{self.message.id}/{self.group}"


@dataclass(slots=True)
class Kept:
    """The database of a service with its relay and whoever drives its sagas."""

    site: Site
    service: str
    database: Database
    relay: Relay
    drive: Callable[[str, SagaRecord, int], object] = field(default=lambda _instance, _record, _cause: None)


class StoreView:
    """The store port of one piece of work on one instance."""

    def __init__(self, kept: Kept, work: Work) -> None:
        self._kept = kept
        self._work = work
        self._driven: list[SagaRecord] = []
        self._flying: list[Message] = []

    async def get(self, table: Table[Record], key: str) -> Record | None:
        """Give the record with that key."""
        return await (await self._reading()).get(table, key)

    async def find(
        self,
        table: Table[Record],
        *,
        until: tuple[str, int] | None = None,
        limit: int | None = None,
        **equals: str | int,
    ) -> Sequence[Record]:
        """Give matching records ordered by key."""
        return await (await self._reading()).find(table, until=until, limit=limit, **equals)

    async def transact(
        self, work: Callable[[Transaction], Awaitable[T]], *, final: bool = True, attempts: int = 8
    ) -> T:
        """Run `work` and commit, again on conflict; see the port."""
        journal, story = self._kept.site.journal, self._work.story
        attempt = 1
        while True:
            tx = await self._reading()
            if final:
                await self._unless_done()
            result = await work(tx)
            marked = final and self._mark(tx, result)
            if not tx.writes and not tx.events:
                return result
            try:
                await self._commit(tx, final=final)
            except Conflict:
                journal.emit(story, "commit.failed", {"reason": "conflict", "attempt": attempt})
                if attempt >= attempts:
                    raise
                attempt += 1
                await asyncio.sleep(self._kept.site.draw.random() * CONFLICT_PAUSE * attempt)
            except Duplicate:
                if marked:  # the same request or event may have taken it: no clash but a repetition
                    await self._unless_done()
                raise
            else:
                return result

    async def _reading(self) -> SqlTransaction:
        site = self._kept.site
        if site.hurting.set.stores:
            verdict = site.hurting.on_store(self._kept.service, self._work.story.instance, "read")
            await self._hit(verdict, "read")
            if isinstance(verdict.act, Unreachable):
                raise StoreUnavailable
        return self._kept.database.begin()

    async def _hit(self, verdict: Verdict, what: str) -> None:
        if verdict is PASS:
            return
        fault = verdict.faults[-1].spec.id
        detail = {"fault": fault, "what": what, "delay": verdict.delay}
        self._kept.site.journal.emit(self._work.story, "fault.hit", detail)
        if verdict.delay:
            await asyncio.sleep(verdict.delay / 1_000_000)

    async def _commit(self, tx: SqlTransaction, *, final: bool) -> None:
        kept = self._kept
        verdict = PASS
        if kept.site.hurting.set.stores:
            verdict = kept.site.hurting.on_store(kept.service, self._work.story.instance, "commit")
            await self._hit(verdict, "commit")
        if isinstance(verdict.act, Unreachable):
            raise StoreUnavailable
        if isinstance(verdict.act, LostReply) and not verdict.act.done:
            raise CommitUnknown
        events: list[Told] = []
        story = self._work.story
        before = (story.saga, story.cause)

        def follow(changes: Sequence[Change]) -> tuple[str, Sequence[Told], Sequence[bytes]]:
            told_events, messages = self._follow(changes, tx.events, final=final)
            events.extend(told_events)
            return story.instance, told_events, messages

        def confirmed(earlier: list[Told]) -> None:
            kept.site.journal.send([*earlier, *events])
            self._go_on(final=final, messages=bool(tx.events))

        try:
            await kept.database.commit(tx, follow, confirmed)
        except BaseException:
            story.saga, story.cause = before
            raise
        if isinstance(verdict.act, LostReply):
            raise CommitUnknown

    def _follow(
        self, changes: Sequence[Change], published: Sequence[object], *, final: bool
    ) -> tuple[list[Told], list[bytes]]:
        """Write down what the commit means for the log and the broker."""
        journal, story = self._kept.site.journal, self._work.story
        self._driven, self._flying = [], []
        journal.hold()
        try:
            shown = visible(changes)
            if shown:
                journal.emit(story, "commit", {"changes": [told(change) for change in shown]})
            for change in shown:
                if change.table is SAGAS and change.after is not None:
                    self._saga_moved(change)
            messages = [message_of(self._kept.site, story, event) for event in published]
            if final and self._work.message is not None:
                self.say_applied()
        finally:
            events = journal.held()
        if self._kept.relay.durable:
            return events, [packed(message) for message in messages]
        self._flying = messages
        return events, []

    def _saga_moved(self, change: Change) -> None:
        journal, story = self._kept.site.journal, self._work.story
        before, after = change.before, change.after
        story.saga = after.id
        if before is None:
            journal.emit(story, "saga.started", {"name": after.saga, "step": after.step})
            self._driven.append(after)
            return
        for kind, detail in saga_moves(before, after, journal.clock.now() - after.started_at):
            journal.emit(story, kind, detail)

    def say_applied(self) -> None:
        """Log that a consumer's work for an event is committed."""
        message = self._work.message
        if message is not None:
            lag = self._kept.site.clock.now() - message.at
            detail = {"event": message.event, "id": message.id, "group": self._work.group, "lag": lag}
            self._kept.site.journal.emit(self._work.story, "event.applied", detail)

    def _go_on(self, *, final: bool, messages: bool) -> None:
        """Set going what follows a commit."""
        if final and self._work.message is not None:
            self._work.applied = True
        for record in self._driven:
            self._kept.drive(self._work.story.instance, record, self._work.story.cause)
        for message in self._flying:
            self._kept.relay.send_from_memory(message)
        if messages:
            self._kept.relay.wake()

    def _mark(self, tx: SqlTransaction, result: object) -> bool:
        """Put the inbox entry or the keyed reply into the transaction."""
        work = self._work
        if work.message is not None:
            if work.inbox:
                tx.insert(INBOX, Inboxed(work.place, self._kept.site.clock.now()))
                return True
        elif work.key is not None and isinstance(result, work.reply_type):
            tx.insert(ANSWERS, Answered(work.key, result, self._kept.site.clock.now()))
            return True
        return False

    async def _unless_done(self) -> None:
        """Stop what another delivery of the event, or another try with the key, has committed meanwhile."""
        work = self._work
        if work.message is not None:
            if work.inbox and await self._kept.database.has_applied(work.place):
                raise AlreadyDone
        elif work.key is not None:
            done, reply = await self._kept.database.answered(work.key)
            if done:
                raise AlreadyDone(reply)
