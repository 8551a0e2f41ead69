"""How committed events reach the broker: rows of the commit, relayed in order; or from memory without it.

One process of a service relays at a time: whoever has the turn. One that stood still may send a message
again; the consumers' inbox knows it.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from pathlib import Path

from msa_lab.chaos.verdicts import PASS, LostReply
from msa_lab.runtime.process.bus import Message, heed_cancellation, packed, unpacked
from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.journal import Story
from msa_lab.runtime.process.records import plain
from msa_lab.runtime.process.site import Site
from msa_lab.runtime.process.turns import Turn
from msa_lab.sdk.contract import event_type
from msa_lab.sdk.failures import PublishFailure, PublishRefused

BATCH = 64
BUSY_PAUSE = 0.005
RETRY_PAUSE = 0.2
SWEEP_EVERY = 5.0
"""How often, in seconds, a process looks for what another left, if nobody told it that one has gone."""


def message_of(site: Site, story: Story, event: object) -> Message:
    """Log an event as a fact and give the message that tells it."""
    declared = event_type(event)
    key = str(getattr(event, declared.key))
    data = plain(event)
    number = f"{story.service}-{site.journal.number():x}"
    at = site.clock.now()
    detail = {"event": declared.name, "id": number, "key": key, "topic": declared.topic, "data": data}
    cause = site.journal.emit(story, "event.recorded", detail)
    return Message(
        number,
        declared.name,
        declared.topic,
        key,
        story.saga,
        story.trace,
        cause,
        site.journal.lamport,
        at,
        data,
    )


class Relay:
    """Sends the outbox of one service's database."""

    def __init__(self, site: Site, service: str, database: Database, lock: Path) -> None:
        self._site = site
        self._service = service
        self._database = database
        self._turn = Turn(lock)
        self._wake = asyncio.Event()
        self._wake.set()  # for what an earlier incarnation left behind
        self.durable = site.patterns["outbox"] == "on"
        self._flying: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Something was committed, or somebody who might have left something is gone."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until cancelled."""
        while True:
            heed_cancellation()
            try:
                async with asyncio.timeout(SWEEP_EVERY):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._drain()
            except Exception:  # noqa: BLE001 - the rows are still there: the next sweep tries again
                traceback.print_exc(file=sys.stderr)

    async def _drain(self) -> None:
        while True:
            heed_cancellation()
            if not self._turn.take():
                await asyncio.sleep(BUSY_PAUSE)
                continue
            try:
                self._wake.clear()
                rows = await self._database.waiting(BATCH)
                if not rows:
                    return
                # Whoever committed these rows may have died before it told of them: their log comes first.
                self._site.journal.send(await self._database.untold())
                went = await self._send(rows)
            finally:
                self._turn.give_back()
            if not went:
                await asyncio.sleep(RETRY_PAUSE)
            elif len(rows) < BATCH and not self._wake.is_set():
                return  # that was all; what another process commits, that one relays

    async def _send(self, rows: list[tuple[int, bytes]]) -> bool:
        """Send rows in order and remove what was confirmed; False when one was not."""
        confirmed = []
        for number, body in rows:
            if not self._turn.keep():
                break  # we stood still, and another has gone on with these rows
            try:
                await self.offer(unpacked(body), body)
            except PublishFailure:
                break
            confirmed.append(number)
        if confirmed:
            await self._database.remove(confirmed)
        return len(confirmed) == len(rows)

    async def offer(self, message: Message, body: bytes) -> None:
        """Hand one message to the broker.

        Raises:
            PublishFailure: when the sender hears no confirmation.
        """
        site = self._site
        story = Story("broker", "", message.saga, message.trace, 0, message.cause)
        verdict = PASS
        if site.hurting.set.publishing:
            verdict = site.hurting.on_publish(self._service, message.topic, message.event)
            if verdict is not PASS:
                hit = {"fault": verdict.faults[-1].spec.id, "what": f"publish {message.event}"}
                site.journal.emit(story, "fault.hit", hit)
        if verdict is not PASS and not isinstance(verdict.act, LostReply):
            raise PublishRefused
        await site.broker.publish(message, body)
        site.journal.emit(story, "event.published", {"event": message.event, "id": message.id})
        if verdict is not PASS:
            raise PublishFailure

    def send_from_memory(self, message: Message) -> None:
        """Send without an outbox: what finds no broker is lost, and what was not sent dies with us."""
        task = asyncio.create_task(self._send_alone(message))
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _send_alone(self, message: Message) -> None:
        try:
            await self.offer(message, packed(message))
        except PublishRefused:
            story = Story(self._service, "", message.saga, message.trace, 0, message.cause)
            detail = {"event": message.event, "id": message.id, "reason": "the broker was down"}
            if self._site.hurting.set.brokers:
                detail["fault"] = self._site.hurting.set.brokers[0].id
            self._site.journal.emit(story, "event.lost", detail)
        except PublishFailure:
            return  # it may have been taken; nobody would send it again

    def close(self) -> None:
        """Close the lock's file."""
        self._turn.close()
