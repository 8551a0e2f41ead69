"""Sagas: a business transaction of steps, each with its compensation (Garcia-Molina and Salem, 1987).

The definition names the steps in order and the *pivot*: the step whose success decides that the saga goes
forward to its end. Before it, a refusal or an exhausted retry turns the saga round and the steps begun are
compensated in reverse; after it, steps are retried until they succeed. The orchestrator keeps one
`SagaRecord` per saga in its own store, commits it after every step, and so survives its own crash: whoever
finds the record's lease expired drives it on. Steps may therefore run twice; give their calls idempotency
keys. A compensation must be idempotent too, and succeed when the step never happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from msa_lab.sdk.contract import Table
from msa_lab.sdk.failures import Conflict, DomainError, PortFailure
from msa_lab.sdk.policy import Retry
from msa_lab.sdk.values import Duration, Instant, ms, seconds

if TYPE_CHECKING:
    from msa_lab.sdk.ports import Context, Transaction

Data = TypeVar("Data")
SagaState = Literal["RUNNING", "COMPENSATING", "COMPLETED", "COMPENSATED"]
ENDED = ("COMPLETED", "COMPENSATED")


@dataclass(frozen=True, slots=True)
class Step(Generic[Data]):
    """One step: an action and what undoes it (None: nothing to undo)."""

    name: str
    action: Callable[[Context, Data], Awaitable[Data]]
    compensation: Callable[[Context, Data], Awaitable[Data]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Saga(Generic[Data]):
    """A saga's definition.

    `retry` is for steps before the pivot; later steps and compensations never give up.
    """

    name: str
    steps: tuple[Step[Data], ...]
    pivot: str
    retry: Retry = field(default_factory=lambda: Retry(attempts=3, base=ms(200), cap=seconds(2)))
    lease: Duration = seconds(6)

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names) or self.pivot not in names:
            raise ValueError(f"saga {self.name}: step names must be unique and the pivot one of them")

    def index(self, step: str) -> int:
        """Give the position of a step."""
        return next(i for i, candidate in enumerate(self.steps) if candidate.name == step)

    def after_pivot(self, record: SagaRecord) -> bool:
        """Tell whether the pivot has succeeded."""
        return self.pivot in record.done


@dataclass(frozen=True, slots=True)
class SagaRecord:
    """Where one saga stands. `step` is the one in progress; `done` and `undone` are in the order of doing."""

    id: str
    saga: str
    data: Any
    step: str
    started_at: Instant
    state: SagaState = "RUNNING"
    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    attempt: int = 0
    failure: str = ""
    owner: str = ""
    incarnation: int = 0
    lease_until: Instant = Instant(0)
    ended_at: Instant | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


SAGAS: Table[SagaRecord] = Table("sagas", SagaRecord, key="id", indexes=("state",))


def begin(tx: Transaction, ctx: Context, saga: Saga[Data], saga_id: str, data: Data) -> None:
    """Start a saga in the transaction that creates what it is about; the host drives it after the commit."""
    now = ctx.clock.now()
    tx.insert(
        SAGAS,
        SagaRecord(
            id=saga_id, saga=saga.name, data=data, step=saga.steps[0].name, started_at=now,
            owner=ctx.instance, incarnation=ctx.incarnation, lease_until=Instant(now + saga.lease),
        ),
    )  # fmt: skip


def advanced(record: SagaRecord, saga: Saga[Data], data: Data, now: Instant) -> SagaRecord:
    """Give the record after its current step succeeded."""
    position = saga.index(record.step) + 1
    done = (*record.done, record.step)
    if position == len(saga.steps):
        return replace(record, done=done, data=data, attempt=0, state="COMPLETED", ended_at=now)
    return replace(record, done=done, data=data, attempt=0, step=saga.steps[position].name)


def turned(record: SagaRecord, saga: Saga[Data], failure: str) -> SagaRecord:
    """Give the record after it was decided to go back. The current step may have happened: undo it first."""
    return replace(
        record, state="COMPENSATING", failure=failure, attempt=0, step=record.step or saga.steps[0].name
    )


def withdrawn(record: SagaRecord, saga: Saga[Data], data: Data, now: Instant) -> SagaRecord:
    """Give the record after its current step was compensated."""
    undone = (*record.undone, record.step)
    position = saga.index(record.step)
    if position == 0:
        return replace(record, undone=undone, data=data, attempt=0, state="COMPENSATED", ended_at=now)
    return replace(record, undone=undone, data=data, attempt=0, step=saga.steps[position - 1].name)


@dataclass(frozen=True, slots=True)
class Orchestrator(Generic[Data]):
    """Drives sagas of one definition on one instance. `backoff(retry, attempt)` gives the pause before a try.

    `retrying` tells whether the retry pattern is on; where it is off, the first failure before the pivot
    turns the saga. A `DomainError` before the pivot turns it either way.
    """

    saga: Saga[Data]
    backoff: Callable[[Retry, int], Duration]
    retrying: bool = True

    async def drive(self, ctx: Context, saga_id: str) -> None:
        """Take the saga's lease and drive it to its end, or until somebody else has taken it over."""
        record = await self._claim(ctx, saga_id)
        while record is not None and not record.ended:
            outcome = await self._attempt(ctx, record)
            if outcome.attempt:
                await ctx.clock.sleep(self.backoff(self.saga.retry, outcome.attempt))
            record = await self._commit(ctx, record, outcome)

    async def _claim(self, ctx: Context, saga_id: str) -> SagaRecord | None:
        async def claim(tx: Transaction) -> SagaRecord | None:
            record = await tx.get(SAGAS, saga_id)
            now = ctx.clock.now()
            if record is None or record.ended:
                return None
            mine = record.owner == ctx.instance
            if mine and record.incarnation == ctx.incarnation:
                return record
            if not mine and record.lease_until > now:
                return None
            taken = self._leased(ctx, record)
            tx.put(SAGAS, taken)
            return taken

        return await ctx.store.transact(claim)

    async def _attempt(self, ctx: Context, record: SagaRecord) -> SagaRecord:
        step = self.saga.steps[self.saga.index(record.step)]
        forward = record.state == "RUNNING"
        act = step.action if forward else step.compensation
        try:
            data = record.data if act is None else await act(ctx, record.data)
        except (DomainError, PortFailure) as failure:
            if forward and self._turns(record, failure):
                return turned(record, self.saga, _named(failure))
            return replace(record, attempt=record.attempt + 1)
        now = ctx.clock.now()
        settle = advanced if forward else withdrawn
        return settle(record, self.saga, data, now)

    def _turns(self, record: SagaRecord, failure: DomainError | PortFailure) -> bool:
        if self.saga.after_pivot(record):
            return False
        exhausted = not self.retrying or record.attempt + 1 >= self.saga.retry.attempts
        return isinstance(failure, DomainError) or exhausted

    async def _commit(self, ctx: Context, before: SagaRecord, after: SagaRecord) -> SagaRecord | None:
        async def write(tx: Transaction) -> SagaRecord | None:
            stored = await tx.get(SAGAS, before.id)
            if stored == leased:
                return leased  # an earlier commit whose reply was lost
            if stored != before:
                return None  # somebody else took over
            tx.put(SAGAS, leased)
            return leased

        leased = self._leased(ctx, after)
        attempt = 0
        while True:
            try:
                return await ctx.store.transact(write)
            except Conflict:
                return None
            except PortFailure:
                attempt += 1
                await ctx.clock.sleep(self.backoff(self.saga.retry, attempt))

    def _leased(self, ctx: Context, record: SagaRecord) -> SagaRecord:
        until = Instant(ctx.clock.now() + self.saga.lease)
        return replace(record, owner=ctx.instance, incarnation=ctx.incarnation, lease_until=until)


def _named(failure: DomainError | PortFailure) -> str:
    return failure.code if isinstance(failure, DomainError) else type(failure).__name__
