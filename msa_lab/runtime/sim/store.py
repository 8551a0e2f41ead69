"""The simulated store: tables in memory, commits that take time and are logged whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msa_lab.chaos.verdicts import PASS, LostReply, Unreachable, Verdict
from msa_lab.runtime.hosting import ANSWERS, INBOX, AlreadyDone, Answered, Inboxed
from msa_lab.sdk.contract import Record, Table
from msa_lab.sdk.failures import CommitUnknown, Conflict, Duplicate, StoreUnavailable
from msa_lab.sdk.memory import MemoryTransaction
from msa_lab.sdk.ports import Transaction

if TYPE_CHECKING:
    from msa_lab.runtime.sim.context import SimContext

T = TypeVar("T")


class StoreView:
    """The store port of one context."""

    __slots__ = ("_ctx",)

    def __init__(self, ctx: SimContext) -> None:
        self._ctx = ctx

    async def _reading(self) -> MemoryTransaction:
        """Reach the store, which a fault may make slow or refuse."""
        ctx = self._ctx
        ctx.alive()
        deployed = ctx.instance_.deployed
        if deployed.read_latency is not None:
            await ctx.instance_.pass_time(deployed.read_latency.sample(deployed.stream))
        if deployed.faults.store_hurt:
            verdict = deployed.faults.on_store(ctx.instance_, "read")
            if verdict is not PASS:
                self._hit(verdict, "read")
                if verdict.delay:
                    await ctx.instance_.pass_time(verdict.delay)
                if isinstance(verdict.act, Unreachable):
                    raise StoreUnavailable
        return deployed.database.begin()

    def _hit(self, verdict: Verdict, what: str) -> None:
        fault = verdict.faults[-1].spec.id
        self._ctx.emit("fault.hit", {"fault": fault, "what": what, "delay": verdict.delay})

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
        ctx = self._ctx
        deployed = ctx.instance_.deployed
        attempt = 1
        while True:
            tx = await self._reading()
            if final:
                _unless_done(ctx)
            result = await work(tx)
            mark = _mark(ctx, tx, result) if final else None
            if not tx.writes and not tx.events:
                return result
            try:
                await self._commit(tx, final=final)
            except Conflict:
                ctx.emit("commit.failed", {"reason": "conflict", "attempt": attempt})
                if attempt >= attempts:
                    raise
                attempt += 1
                await ctx.clock.sleep(deployed.conflict_pause(attempt))
            except Duplicate:
                # Whatever was taken: if the same request or event took it, this is no clash but a repetition.
                if mark is not None:
                    _unless_done(ctx)
                raise
            else:
                return result

    async def _commit(self, tx: MemoryTransaction, *, final: bool) -> None:
        ctx = self._ctx
        deployed = ctx.instance_.deployed
        delay, hurt = deployed.commit_latency.sample(deployed.stream), 0
        node = ctx.instance_.node
        if deployed.commit_cpu is not None and not node.kernel.standing_still:
            delay += node.compute(deployed.commit_cpu.sample(deployed.stream))
        verdict = PASS
        if deployed.faults.store_hurt:
            verdict = deployed.faults.on_store(ctx.instance_, "commit")
            if verdict is not PASS:
                self._hit(verdict, "commit")
                hurt = verdict.delay
        if deployed.writer is not None:
            if hurt:  # before it comes to the queue: others do not wait for it
                await ctx.instance_.pass_time(hurt)
            delay, hurt = deployed.writer.queued(deployed.shop.kernel.now, delay), 0
        await ctx.instance_.pass_time(delay + hurt)
        if isinstance(verdict.act, Unreachable):
            raise StoreUnavailable
        if isinstance(verdict.act, LostReply) and not verdict.act.done:
            raise CommitUnknown
        changes = deployed.database.commit(tx)
        deployed.committed(ctx, changes, tx.events, final=final)
        if isinstance(verdict.act, LostReply):
            raise CommitUnknown


def _mark(ctx: SimContext, tx: MemoryTransaction, result: object) -> Table[Any] | None:
    """Put the inbox entry or the keyed reply into the transaction."""
    if ctx.delivery is not None:
        if ctx.delivery.group.inbox:
            tx.insert(INBOX, Inboxed(ctx.delivery.place))
            return INBOX
    elif ctx.key is not None and isinstance(result, ctx.reply_type):
        tx.insert(ANSWERS, Answered(ctx.key, result))
        return ANSWERS
    return None


def _unless_done(ctx: SimContext) -> None:
    """Stop what another delivery of the event, or another try with the key, has committed meanwhile."""
    database = ctx.instance_.deployed.database
    if ctx.delivery is not None:
        if ctx.delivery.group.inbox and ctx.delivery.place in database.table(INBOX).rows:
            raise AlreadyDone
    elif ctx.key is not None:
        row = database.table(ANSWERS).rows.get(ctx.key)
        if row is not None:
            raise AlreadyDone(row.record.reply)
