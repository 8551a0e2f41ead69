"""The context that the simulated world hands to handlers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from msa_lab.runtime.sim.kernel import Crashed, Task, Wait
from msa_lab.runtime.sim.store import StoreView
from msa_lab.sdk.contract import Operation, Reply, Request
from msa_lab.sdk.failures import Timeout
from msa_lab.sdk.ports import Cache, Caller, Config, Dice, Directory, Documents, Ids, Lock, Passwords, Search
from msa_lab.sdk.values import Duration, Instant

if TYPE_CHECKING:
    from msa_lab.runtime.sim.broker import Delivery
    from msa_lab.runtime.sim.instance import Instance

T = TypeVar("T")
NOBODY = Caller()


class SimClock:
    """The instance's clock: virtual time, skewed if a fault says so."""

    __slots__ = ("_ctx",)

    def __init__(self, ctx: SimContext) -> None:
        self._ctx = ctx

    def now(self) -> Instant:
        """Tell the instant."""
        instance = self._ctx.instance_
        if instance.skewed:
            instance.shop.faults.touch_clock(instance)
        return Instant(instance.kernel.now + instance.node.skew)

    def sleep(self, duration: Duration) -> Wait[None]:
        """Wait in virtual time."""
        self._ctx.alive()
        wait: Wait[None] = Wait()
        self._ctx.instance_.kernel.after(max(0, duration), wait.settle)
        return wait


class SimContext:
    """One request, delivery, job or saga on one incarnation of an instance.

    `cause` is the number of the last event of its story, to which the next one is tied.
    """

    __slots__ = (
        "_incarnation",
        "applied",
        "caller",
        "cause",
        "deadline",
        "delivery",
        "instance_",
        "key",
        "reply_type",
        "saga",
        "span",
        "trace",
    )

    def __init__(
        self, instance: Instance, *, saga: str = "", trace: int = 0, span: int = 0, cause: int = 0
    ) -> None:
        self.instance_ = instance
        self._incarnation = instance.node.incarnation
        self.saga = saga
        self.trace = trace
        self.span = span
        self.cause = cause
        self.caller = NOBODY
        self.deadline: Instant | None = None
        self.key: str | None = None
        self.delivery: Delivery | None = None
        self.applied = False
        self.reply_type: type[Any] = object

    def alive(self) -> None:
        """Refuse to act for an incarnation that is no more."""
        if self.instance_.node.incarnation != self._incarnation:
            raise Crashed

    def emit(self, kind: str, detail: dict[str, Any]) -> int:
        """Log an event of this story and go on from it."""
        instance = self.instance_
        node = instance.node
        node.lamport += 1
        self.cause = instance.log.emit(
            kind,
            node.kernel.now,
            instance.service,
            instance.name,
            self.saga,
            self.trace,
            self.span,
            self.cause,
            node.lamport,
            detail,
        )
        return self.cause

    @property
    def service(self) -> str:
        return self.instance_.service

    @property
    def instance(self) -> str:
        return self.instance_.name

    @property
    def incarnation(self) -> int:
        return self._incarnation

    @property
    def clock(self) -> SimClock:
        return SimClock(self)

    @property
    def dice(self) -> Dice:
        return self.instance_.dice

    @property
    def ids(self) -> Ids:
        return self.instance_.shop.ids

    @property
    def store(self) -> StoreView:
        return StoreView(self)

    @property
    def cache(self) -> Cache:
        self.alive()
        return self.instance_.deployed.cache

    @property
    def lock(self) -> Lock:
        self.alive()
        return self.instance_.deployed.lock

    @property
    def search(self) -> Search:
        self.alive()
        return self.instance_.deployed.search

    @property
    def documents(self) -> Documents:
        self.alive()
        return self.instance_.deployed.documents

    @property
    def passwords(self) -> Passwords:
        return self.instance_.shop.passwords

    @property
    def config(self) -> Config:
        return self.instance_.shop.config

    @property
    def operations(self) -> Directory:
        return self.instance_.shop.directory

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
        self.alive()
        client = self.instance_.client(operation.service)
        reply: Any = await client.call(self, operation, request, key, timeout, caller)
        answered: Reply = reply
        return answered

    async def publish(self, event: object) -> None:
        """Publish at once and wait for the broker's answer."""
        self.alive()
        wait: Wait[None] = Wait()
        self.instance_.deployed.outbox.publish_now(self, event, wait)
        await wait

    async def gather(self, *parts: Coroutine[Any, Any, T]) -> tuple[T, ...]:
        """Run the parts side by side."""
        self.alive()
        results: list[Any] = [None] * len(parts)
        failures: list[tuple[int, BaseException]] = []
        left = len(parts)
        wait: Wait[None] = Wait()

        def ended(index: int) -> Callable[[Any, BaseException | None], object]:
            def note(result: object, error: BaseException | None) -> None:
                nonlocal left
                left -= 1
                results[index] = result
                if error is not None:
                    failures.append((index, error))
                if not left:
                    wait.settle()

            return note

        tasks = [Task(self.instance_.node, part, ended(index)) for index, part in enumerate(parts)]
        try:
            for task in tasks:
                task.step()
            if parts:
                await wait
        finally:
            for task in tasks:
                task.kill()
        if failures:
            raise min(failures, key=lambda failure: failure[0])[1]
        return tuple(results)

    async def timeout(self, duration: Duration, part: Coroutine[Any, Any, T]) -> T:
        """Run one part, closing it when time is up."""
        self.alive()
        wait: Wait[T] = Wait(Timeout)
        task = Task(
            self.instance_.node,
            part,
            lambda result, error: wait.settle(result) if error is None else wait.fail(error),
        )
        self.instance_.kernel.expire(self.instance_.kernel.now + duration, wait)
        task.step()
        try:
            return await wait
        finally:
            task.kill()

    def log(self, message: str, **data: str | int) -> None:
        """Leave a note."""
        self.alive()
        if self.instance_.log.wants("note"):
            self.emit("note", {"message": message, **data})
