"""One instance of one service: takes requests, deliveries, jobs and sagas, and runs handlers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from redis.exceptions import RedisError

from msa_lab.resilience.retry import backoff
from msa_lab.runtime.blame import HandlerFailed, by_service, kind_of, misfit, told
from msa_lab.runtime.hosting import AlreadyDone
from msa_lab.runtime.patience import Endless
from msa_lab.runtime.process.bus import BrokerAway
from msa_lab.runtime.process.capacity import Capacity
from msa_lab.runtime.process.consumer import Consumer, Delivery
from msa_lab.runtime.process.context import Desk, ProcessContext
from msa_lab.runtime.process.failing import BUG
from msa_lab.runtime.process.intake import Asked
from msa_lab.runtime.process.journal import Story
from msa_lab.runtime.process.limits import sound
from msa_lab.runtime.process.meter import Meter
from msa_lab.runtime.process.records import adapter, edge
from msa_lab.runtime.process.site import Site
from msa_lab.runtime.process.store import Work
from msa_lab.runtime.process.tasks import Background
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import (
    DeadlineExceeded,
    DomainError,
    InvalidRequest,
    Overloaded,
    PortFailure,
    StoreFailure,
)
from msa_lab.sdk.policy import Retry
from msa_lab.sdk.ports import Transaction
from msa_lab.sdk.saga import SAGAS, Orchestrator, SagaRecord
from msa_lab.sdk.spec import Job, ServiceSpec
from msa_lab.sdk.values import CurrencyMismatch, Duration, Instant

T = TypeVar("T")

RESUME_EVERY = 1.0
"""How often, in seconds, an instance looks for sagas that nobody drives."""


ASKED_WITHIN = 1.0
"""How many seconds a server has to show that it is there."""


class Answer(NamedTuple):
    """What came of a request. `began` tells whether a handler had begun on it."""

    reply: Any
    error: Exception | None
    began: bool


class Host:
    """An incarnation of an instance; `first` is one instance of each service in a process."""

    def __init__(self, site: Site, spec: ServiceSpec, desk: Desk, *, first: bool = True) -> None:
        deployment = site.topology.deployments[spec.name]
        self.site = site
        self.spec = spec
        self.desk = desk
        self.first = first
        self.ready = False
        self.load = Capacity(
            deployment.concurrency or spec.concurrency, deployment.queue or spec.queue,
            lifo=deployment.discipline == "lifo",
        )  # fmt: skip
        self._served = {part.operation.name: part for part in spec.operations}
        self._heard = {part.type.name: part for part in spec.subscriptions}
        self._sagas = {saga.name: saga for saga in spec.sagas}
        self._driving: dict[str, None] = {}
        self._background = Background(self.failed)
        self._inbox = site.patterns["inbox"] == "on"

    # -- life ---------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Begin to consume events."""
        if self._heard:
            topics = tuple(dict.fromkeys(part.type.topic for part in self.spec.subscriptions))
            consumer = Consumer(
                self.site,
                self.spec.name,
                self.desk.instance,
                topics=topics,
                events=frozenset(self._heard),
                handle=self._handle,
            )
            self._background.spawn(consumer.run())

    def begin(self) -> None:
        """The run has begun: start the periodic work and take up what was left."""
        for job in self.spec.jobs:
            self._background.spawn(self._repeat(job))
        if self._sagas:
            self._background.spawn(self._resume())

    def stop(self) -> None:
        """Cancel all background work."""
        self._background.cancel()

    def failed(self, error: BaseException) -> None:
        """Show a bug of the service: it is a 500 to who asked, a reason to try a delivery again."""
        self.site.failed(self.desk.instance, error)

    async def honest(self, handling: Awaitable[T]) -> T:
        """Await code of the service: that it ends this process, cancels itself or never ends is its failure.

        Raises:
            HandlerFailed: when it does so.
        """
        try:
            return await handling
        except (SystemExit, Endless) as error:
            raise HandlerFailed(*told(self.desk.instance, error)) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if (task is not None and task.cancelling()) or not by_service(error):
                raise
            raise HandlerFailed(*told(self.desk.instance, error)) from error

    def story(self, saga: str = "", trace: int = 0, span: int = 0, cause: int = 0) -> Story:
        """Begin a story of this instance."""
        return Story(self.spec.name, self.desk.instance, saga, trace, span, cause)

    async def _repeat(self, job: Job) -> None:
        while True:
            await asyncio.sleep(job.every / 1_000_000)
            try:
                await self.honest(job.run(ProcessContext(self.desk, Work(self.story()))))
            except (PortFailure, DomainError):
                continue
            except Exception as error:  # noqa: BLE001 - a bug in a service's job must show and not end the job
                self.failed(error)

    # -- requests -----------------------------------------------------------------------------------------

    @property
    def meter(self) -> Meter:
        """What is counted in this process."""
        return self.site.journal.meter

    def begun(self, asked: Asked) -> Story:
        """Begin the story of a request; one that belongs to no trace begins one."""
        story = Story(self.spec.name, self.desk.instance, asked.saga, asked.trace, asked.span, asked.cause)
        story.high = asked.high
        if not (story.trace or story.high):
            story.trace = self.site.journal.number()
        return story

    async def answer(
        self, operation: Operation[Any, Any], asked: Asked, arguments: object, story: Story
    ) -> Answer:
        """Serve one request: give the reply, or what to refuse it with."""
        since = time.perf_counter_ns()
        journal = self.site.journal
        journal.heard(asked.lamport)
        if await self.load.enter():
            try:
                answer = await self._answered(operation, asked, arguments, story)
            finally:
                self.load.leave()
        else:
            answer = self._refused(operation, story, Overloaded())
        took = time.perf_counter_ns() - since
        journal.meter.request(self.desk.instance, operation.name, _outcome(answer.error), took)
        return answer

    async def _answered(
        self, operation: Operation[Any, Any], asked: Asked, arguments: object, story: Story
    ) -> Answer:
        journal = self.site.journal
        if asked.deadline is not None and asked.deadline <= self.site.clock.now():
            return self._refused(operation, story, DeadlineExceeded())
        journal.emit(story, "call.received", {"operation": operation.name, "call": asked.span})
        reply, error = await self._run(operation, asked, arguments, story)
        outcome = _outcome(error)
        if outcome == BUG:
            outcome = "" if error is None else kind_of(error)
        journal.emit(
            story, "call.replied", {"operation": operation.name, "call": asked.span, "outcome": outcome}
        )
        return Answer(reply, error, began=True)

    async def _run(
        self, operation: Operation[Any, Any], asked: Asked, arguments: object, story: Story
    ) -> tuple[Any, Exception | None]:
        work = Work(story)
        deadline = None if asked.deadline is None else Instant(asked.deadline)
        try:
            if not isinstance(arguments, Mapping):
                raise InvalidRequest("the request must be an object")  # noqa: TRY301 - answered below
            request = edge(operation).checked(arguments)
            if asked.odd:
                sound(request)
            if asked.key is not None and operation.keyed:
                work.key = f"{operation.name}/{asked.key}"
                work.reply_type = operation.reply
                done, reply = await self.desk.kept.database.answered(work.key)
                if done:
                    return reply, None
            ctx = ProcessContext(self.desk, work, caller=asked.caller, deadline=deadline)
            handler = self._served[operation.name].handler
            reply = await self.honest(handler(ctx, request))
            if not isinstance(reply, operation.reply):
                raise misfit(self.desk.instance, handler, reply, operation.reply)  # noqa: TRY301 - told below
        except AlreadyDone as done_before:
            return done_before.reply, None
        except (DomainError, PortFailure) as error:
            return None, error
        except CurrencyMismatch as error:
            self.failed(error)
            return None, InvalidRequest("amounts of different currencies met")
        except Exception as error:  # noqa: BLE001 - a bug in a service is a 500 to its caller
            self.failed(error)
            return None, error
        return reply, None

    def _refused(self, operation: Operation[Any, Any], story: Story, failure: Exception) -> Answer:
        detail = {"operation": operation.name, "reason": type(failure).__name__}
        self.site.journal.emit(story, "call.refused", detail)
        return Answer(None, failure, began=False)

    async def dependencies(self) -> dict[str, bool]:
        """Ask what the instance stands on whether it is there."""
        site = self.site
        asked: dict[str, Any] = {"database": self.desk.kept.database.depth()}
        servers: dict[str, Any] = {"broker": site.broker, "cache": site.cache}
        asked.update((need, servers[need].ping()) for need in site.needs)

        async def there(question: Any) -> bool:  # noqa: ANN401 - any awaitable
            try:
                async with asyncio.timeout(ASKED_WITHIN):
                    await question
            except (StoreFailure, BrokerAway, RedisError, OSError, TimeoutError):
                return False
            return True

        found = await asyncio.gather(*(there(question) for question in asked.values()))
        return dict(zip(asked, found, strict=True))

    # -- deliveries ---------------------------------------------------------------------------------------

    async def _handle(self, delivery: Delivery) -> str:
        """Handle a delivery; give why it failed, '' when it is done."""
        message, journal = delivery.message, self.site.journal
        journal.heard(message.lamport)
        if not await self.load.enter():
            return "consumer overloaded"
        try:
            story = self.story(message.saga, message.trace, 0, delivery.cause or message.cause)
            work = Work(story, message=message, group=self.spec.name, inbox=self._inbox)
            detail = {"event": message.event, "id": message.id, "group": self.spec.name}
            journal.emit(story, "event.delivered", detail | {"attempt": delivery.attempts})
            if delivery.spoilt is not None:
                return f"poison: {delivery.spoilt.how}"
            if self._inbox and await self.desk.kept.database.has_applied(work.place):
                journal.emit(story, "event.skipped", detail)
                return ""
            reason = await self._apply(work, message.event, message.data)
        finally:
            self.load.leave()
        if not reason and delivery.crash is not None:
            self.site.crash(delivery.crash.restart_after, delivery.fault, story.cause)
        return reason

    async def _apply(self, work: Work, event: str, data: Any) -> str:  # noqa: ANN401 - JSON
        heard = self._heard[event]
        ctx = ProcessContext(self.desk, work)
        try:
            await self.honest(heard.handler(ctx, adapter(heard.event).validate_python(data)))
            if not work.applied:
                await ctx.store.transact(_nothing)  # marks the event as applied all the same
            if not work.applied:
                ctx.store.say_applied()
        except AlreadyDone:
            message = work.message
            if message is not None:
                detail = {"event": message.event, "id": message.id, "group": self.spec.name}
                self.site.journal.emit(work.story, "event.skipped", detail)
        except DomainError as error:
            return error.code
        except PortFailure as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - a bug in a service is a reason to try again, then to give up
            self.failed(error)
            return kind_of(error)
        return ""

    # -- sagas --------------------------------------------------------------------------------------------

    def drive(self, record: SagaRecord, cause: int) -> None:
        """Drive a saga in the background, unless this incarnation does so already."""
        saga = self._sagas.get(record.saga)
        if saga is None or record.id in self._driving:
            return
        self._driving[record.id] = None
        orchestrator = Orchestrator(saga, self._backoff, retrying=self.site.patterns["retry"] == "on")
        ctx = ProcessContext(self.desk, Work(self.story(saga=record.id, cause=cause)))

        async def driven() -> None:
            try:
                await self.honest(orchestrator.drive(ctx, record.id))
            except PortFailure:
                return  # it is taken up again when its lease is over
            finally:
                self._driving.pop(record.id, None)

        self._background.spawn(driven())

    def _backoff(self, retry: Retry, attempt: int) -> Duration:
        return backoff(retry, attempt, self.site.draw)

    async def open_sagas(self) -> Sequence[SagaRecord]:
        """Give the service's sagas that have not ended."""
        return await self.desk.kept.database.open_sagas(SAGAS)

    async def _resume(self) -> None:
        """Take up sagas that nobody drives: their lease is over or they are an earlier incarnation's."""
        while True:
            try:
                for record in await self.open_sagas():
                    expired = record.lease_until <= self.site.clock.now()
                    left = record.owner == self.desk.instance and record.incarnation != self.desk.incarnation
                    if expired or left:
                        self.drive(record, 0)
            except PortFailure:
                pass
            await asyncio.sleep(RESUME_EVERY)


def _outcome(error: Exception | None) -> str:
    """Name what came of a request."""
    if error is None:
        return "ok"
    if isinstance(error, DomainError):
        return error.code
    return type(error).__name__ if isinstance(error, PortFailure) else BUG


async def _nothing(_tx: Transaction) -> None:
    """Commit nothing of a service's own."""
