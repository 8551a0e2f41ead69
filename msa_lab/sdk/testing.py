"""The public double of the context: run a handler in a test without any world.

    ctx = FakeContext(SPEC, subject="user-1")
    ctx.answers(RESERVE, Reserved(...))
    reply = run(place_order(ctx, PlaceOrder(...)))
    assert ctx.published == [OrderPlaced(...)]

Time stands still but for `sleep`. The store is a real one in memory: constraints, versions and atomic
commits hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from msa_lab.sdk.contract import Operation, Record, Reply, Request, Setting, Table
from msa_lab.sdk.failures import Conflict, LockUnavailable, Timeout, Unavailable
from msa_lab.sdk.memory import MemoryDatabase, MemoryTransaction
from msa_lab.sdk.ports import Caller, Clock, Hit, Transaction
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import Duration, Instant

T = TypeVar("T")
Value = TypeVar("Value")


def run(work: Awaitable[T]) -> T:
    """Run a coroutine that waits for nothing but a FakeContext, and give its result."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("the handler awaited something that is not a port of FakeContext")


class Called(NamedTuple):
    """A call that a handler made."""

    operation: str
    request: Any
    key: str | None
    caller: Caller | None = None


class FakeClock:
    """A clock that moves only when somebody sleeps or the test sets it."""

    def __init__(self) -> None:
        self.instant = Instant(0)
        self.slept: list[Duration] = []

    def now(self) -> Instant:
        """Tell the instant."""
        return self.instant

    async def sleep(self, duration: Duration) -> None:
        """Move the clock at once."""
        self.slept.append(duration)
        self.instant = Instant(self.instant + max(0, duration))


class FakeDice:
    """Dice that show what the test loaded, the middle otherwise."""

    def __init__(self) -> None:
        self.loaded: list[float] = []

    def random(self) -> float:
        """Give the next loaded float, or 0.5."""
        return self.loaded.pop(0) if self.loaded else 0.5

    def integer(self, low: int, high: int) -> int:
        """Give an integer from low to high."""
        return low + int(self.random() * (high - low + 1))


class FakeIds:
    """Identifiers counted per prefix: ord-1, ord-2."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        """Give the next identifier."""
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}-{self._counts[prefix]}"


class FakeStore:
    """A store in memory. `failures` are raised by the next commits, first come first served."""

    def __init__(self, tables: Sequence[Table[Any]], published: list[Any]) -> None:
        self._database = MemoryDatabase(tables)
        self._published = published
        self.failures: list[Exception] = []

    async def get(self, table: Table[Record], key: str) -> Record | None:
        """Give the record with that key."""
        return await self._database.begin().get(table, key)

    async def find(
        self,
        table: Table[Record],
        *,
        until: tuple[str, int] | None = None,
        limit: int | None = None,
        **equals: str | int,
    ) -> Sequence[Record]:
        """Give matching records ordered by key."""
        return await self._database.begin().find(table, until=until, limit=limit, **equals)

    async def transact(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        final: bool = True,  # noqa: ARG002 - hosts need it
        attempts: int = 8,
    ) -> T:
        """Run and commit, again on conflict."""
        while True:
            attempts -= 1
            tx = MemoryTransaction(self._database)
            result = await work(tx)
            try:
                if self.failures:
                    raise self.failures.pop(0)
                self._database.commit(tx)
            except Conflict:
                if attempts:
                    continue
                raise
            self._published.extend(tx.events)
            return result

    def put(self, table: Table[Record], record: Record) -> None:
        """Arrange a record before the test."""
        tx = MemoryTransaction(self._database)
        tx.put(table, record)
        self._database.commit(tx)

    def all(self, table: Table[Record]) -> list[Record]:
        """Give all records of a table ordered by key."""
        rows = self._database.table(table).rows
        return [rows[key].record for key in sorted(rows)]


class FakeCache:
    """A cache whose values live as long as said by the clock; clear `values` to lose it all."""

    def __init__(self, clock: Clock) -> None:
        self.values: dict[str, str] = {}
        self._clock = clock
        self._until: dict[str, int] = {}

    async def get(self, key: str) -> str | None:
        """Give the value, unless its time is over; what the test put into `values` stays."""
        if self._until.get(key, self._clock.now() + 1) <= self._clock.now():
            await self.delete(key)
        return self.values.get(key)

    async def set(self, key: str, value: str, ttl: Duration) -> None:
        """Keep a value for a time."""
        self.values[key] = value
        self._until[key] = self._clock.now() + ttl

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self.values.pop(key, None)
        self._until.pop(key, None)

    async def increment(self, key: str, ttl: Duration) -> int:
        """Add one to a counter; a new one lives for `ttl`."""
        before = await self.get(key)
        if before is None:
            await self.set(key, "1", ttl)
            return 1
        self.values[key] = str(int(before) + 1)
        return int(before) + 1


class FakeLock:
    """Leases that last until released or over, with rising fencing tokens."""

    def __init__(self, clock: Clock) -> None:
        self.held: dict[str, str] = {}
        self._clock = clock
        self._until: dict[str, int] = {}
        self._granted = 0

    async def acquire(self, name: str, ttl: Duration) -> str:
        """Take the lease."""
        now = self._clock.now()
        if name in self.held and self._until.get(name, now + 1) > now:
            raise LockUnavailable
        self._granted += 1
        self.held[name] = f"token-{self._granted:06d}"
        self._until[name] = now + ttl
        return self.held[name]

    async def release(self, name: str, token: str) -> None:
        """Give the lease back."""
        if self.held.get(name) == token:
            del self.held[name]


class FakeSearch:
    """An index that finds documents holding any word of the query."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, str | int]] = {}

    async def index(self, doc_id: str, fields: Mapping[str, str | int]) -> None:
        """Add or replace a document."""
        self.documents[doc_id] = dict(fields)

    async def remove(self, doc_id: str) -> None:
        """Remove a document."""
        self.documents.pop(doc_id, None)

    async def query(
        self,
        text: str,
        *,
        where: Mapping[str, str] | None = None,
        between: Mapping[str, tuple[int, int]] | None = None,
        limit: int = 20,
    ) -> Sequence[Hit]:
        """Count matching words as the score."""
        return ranked(self.documents, text, where or {}, between or {})[:limit]


def ranked(
    documents: Mapping[str, Mapping[str, str | int]],
    text: str,
    where: Mapping[str, str],
    between: Mapping[str, tuple[int, int]],
) -> list[Hit]:
    """Rank documents by the number of the query's words they hold, then by id."""
    words = text.lower().split()
    hits = []
    for doc_id in sorted(documents):
        fields = documents[doc_id]
        if any(fields.get(name) != value for name, value in where.items()):
            continue
        if not all(low <= int(fields.get(name, low - 1)) <= high for name, (low, high) in between.items()):
            continue
        held = " ".join(value.lower() for value in fields.values() if isinstance(value, str)).split()
        score = sum(held.count(word) for word in words)
        if score or not words:
            hits.append(Hit(doc_id, float(score)))
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))


class FakeDocuments:
    """Documents in a list per collection."""

    def __init__(self) -> None:
        self.collections: dict[str, list[dict[str, Any]]] = {}

    async def add(self, collection: str, document: Mapping[str, Any]) -> str:
        """Store a document."""
        stored = self.collections.setdefault(collection, [])
        stored.append(dict(document))
        return f"{collection}-{len(stored)}"

    async def find(
        self, collection: str, *, limit: int = 100, **equals: str | int
    ) -> Sequence[dict[str, Any]]:
        """Give matching documents, newest first."""
        found = [
            document
            for document in reversed(self.collections.get(collection, []))
            if all(document.get(name) == value for name, value in equals.items())
        ]
        return found[:limit]


class FakePasswords:
    """Hashes at once; good for nothing but tests."""

    async def hash(self, password: str) -> str:
        """Give a string to store."""
        return hashlib.sha256(password.encode()).hexdigest()

    async def verify(self, password: str, stored: str) -> bool:
        """Compare."""
        return await self.hash(password) == stored


class FakeConfig:
    """Settings at their defaults unless the test sets them."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, setting: Setting[Value]) -> Value:
        """Give the value."""
        value: Value = self.values.get(setting.name, setting.default)
        return value


class FakeDirectory:
    """The operations that the test says exist."""

    def __init__(self) -> None:
        self.known: dict[str, Operation[Any, Any]] = {}

    def find(self, name: str) -> Operation[Any, Any] | None:
        """Give the operation of that name."""
        return self.known.get(name)


class FakeContext:
    """A context for one service; see the module's example."""

    def __init__(
        self, spec: ServiceSpec, *, subject: str = "", roles: tuple[str, ...] = (), instance: str = ""
    ) -> None:
        self.service = spec.name
        self.instance = instance or f"{spec.name}-1"
        self.incarnation = 1
        self.caller = Caller("gateway", subject, roles)
        self.deadline: Instant | None = None
        self.published: list[Any] = []
        self.called: list[Called] = []
        self.notes: list[str] = []
        self.clock = FakeClock()
        self.dice = FakeDice()
        self.ids = FakeIds()
        self.store = FakeStore(spec.tables, self.published)
        self.cache = FakeCache(self.clock)
        self.lock = FakeLock(self.clock)
        self.search = FakeSearch()
        self.documents = FakeDocuments()
        self.passwords = FakePasswords()
        self.config = FakeConfig()
        self.operations = FakeDirectory()
        self._answers: dict[str, list[Any]] = {}

    def answers(
        self, operation: Operation[Any, Reply], *answers: Reply | Exception | Callable[[Any], Reply]
    ) -> None:
        """Say what calls of an operation get: one answer a call, the last one for good.

        An exception is raised; a function is called with the request.
        """
        self._answers[operation.name] = list(answers)

    async def call(
        self,
        operation: Operation[Request, Reply],
        request: Request,
        *,
        key: str | None = None,
        timeout: Duration | None = None,  # noqa: ARG002, ASYNC109 - the port's own word
        caller: Caller | None = None,
    ) -> Reply:
        """Answer as the test said; refuse as unavailable what it said nothing about."""
        self.called.append(Called(operation.name, request, key, caller))
        prepared = self._answers.get(operation.name)
        if not prepared:
            raise Unavailable(f"no answer was prepared for {operation.name}")
        answer = prepared.pop(0) if len(prepared) > 1 else prepared[0]
        if isinstance(answer, BaseException):
            raise answer
        reply: Reply = answer(request) if callable(answer) else answer
        return reply

    async def publish(self, event: object) -> None:
        """Record the event."""
        self.published.append(event)

    async def gather(self, *parts: Coroutine[Any, Any, T]) -> tuple[T, ...]:
        """Run one after the other; raise the first failure when all have run."""
        results: list[T] = []
        failures: list[Exception] = []
        for part in parts:
            try:
                results.append(await part)
            except Exception as failure:  # noqa: BLE001 - raised below, after the others ran
                failures.append(failure)
        if failures:
            raise failures[0]
        return tuple(results)

    async def timeout(self, duration: Duration, part: Coroutine[Any, Any, T]) -> T:
        """Run the part; it is late if it slept past the time."""
        until = self.clock.now() + duration
        result = await part
        if self.clock.now() > until:
            raise Timeout
        return result

    def log(self, message: str, **data: str | int) -> None:
        """Keep the note."""
        self.notes.append(" ".join([message, *(f"{name}={value}" for name, value in sorted(data.items()))]))
