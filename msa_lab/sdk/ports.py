"""The context: all that a handler may await, and nothing else.

Handlers are `async def handler(ctx: Context, request) -> reply`. They must not use `asyncio` or any other
loop: `ctx.gather`, `ctx.timeout` and `ctx.lock` are here for that. The same handler runs in every world.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from msa_lab.sdk.contract import Operation, Record, Reply, Request, Setting, Table, Value
from msa_lab.sdk.values import Duration, Instant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: the service that sent the request and the person behind it ('' when nobody)."""

    service: str = ""
    subject: str = ""
    roles: tuple[str, ...] = ()


class Clock(Protocol):
    """Time as this instance sees it; its clock may be skewed."""

    def now(self) -> Instant:
        """Tell the instant."""
        ...

    def sleep(self, duration: Duration) -> Awaitable[None]:
        """Wait."""
        ...


class Dice(Protocol):
    """Seeded chance."""

    def random(self) -> float:
        """Give a float in [0, 1)."""
        ...

    def integer(self, low: int, high: int) -> int:
        """Give an integer from low to high, both included."""
        ...


class Ids(Protocol):
    """Makes identifiers that are unique in the run."""

    def new(self, prefix: str) -> str:
        """Give a new identifier that starts with the prefix."""
        ...


class Reader(Protocol):
    """Reads committed records (and, inside a transaction, its own writes)."""

    def get(self, table: Table[Record], key: str) -> Awaitable[Record | None]:
        """Give the record with that key."""
        ...

    def find(
        self,
        table: Table[Record],
        *,
        until: tuple[str, int] | None = None,
        limit: int | None = None,
        **equals: str | int,
    ) -> Awaitable[Sequence[Record]]:
        """Give the records whose fields equal the values given, ordered by key.

        At least one of the fields must be indexed. `until=(field, bound)` keeps those with field <= bound.
        """
        ...


class Transaction(Reader, Protocol):
    """One atomic change. Writes and events take effect together at commit, or not at all."""

    def insert(self, table: Table[Record], record: Record) -> None:
        """Add a record; the commit raises `Duplicate` when its key or a unique constraint is taken."""
        ...

    def put(self, table: Table[Record], record: Record) -> None:
        """Write a record; the commit raises `Conflict` when it changed since this transaction read it."""
        ...

    def delete(self, table: Table[Record], key: str) -> None:
        """Remove a record; the commit raises `Conflict` when it changed since it was read."""
        ...

    def publish(self, event: object) -> None:
        """Publish an event if and when the transaction commits (the transactional outbox)."""
        ...


class Store(Reader, Protocol):
    """The service's own database."""

    def transact(
        self, work: Callable[[Transaction], Awaitable[T]], *, final: bool = True, attempts: int = 8
    ) -> Awaitable[T]:
        """Run `work` in a transaction and commit; on `Conflict` run it again, `attempts` times in all.

        `work` must do nothing but read, compute and write: it may run several times. In an event handler the
        inbox entry, and in a keyed operation the key with the reply that `work` returned, are committed with
        the transaction; a handler that commits several times marks all but the last `final=False`.

        Raises:
            Conflict: when the attempts are used up.
            Duplicate: when a unique constraint refused.
            StoreUnavailable: when the store is down.
            CommitUnknown: when the reply to the commit was lost.
        """
        ...


class Cache(Protocol):
    """A shared cache. Losing it must never lose anything but speed."""

    def get(self, key: str) -> Awaitable[str | None]:
        """Give the value, unless it expired or was lost."""
        ...

    def set(self, key: str, value: str, ttl: Duration) -> Awaitable[None]:
        """Keep a value for a time."""
        ...

    def delete(self, key: str) -> Awaitable[None]:
        """Forget a value."""
        ...

    def increment(self, key: str, ttl: Duration) -> Awaitable[int]:
        """Add one to a counter and give it; a new counter lives for `ttl`."""
        ...


class Lock(Protocol):
    """Leases on names, shared by all instances of a service. A lease ends by itself."""

    def acquire(self, name: str, ttl: Duration) -> Awaitable[str]:
        """Take the lease and give its fencing token.

        Raises:
            LockUnavailable: when somebody holds it.
        """
        ...

    def release(self, name: str, token: str) -> Awaitable[None]:
        """Give the lease back; nothing happens if it was lost."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result: the document's id and how well it fits (higher is better)."""

    id: str
    score: float


class Search(Protocol):
    """The service's full-text index."""

    def index(self, doc_id: str, fields: Mapping[str, str | int]) -> Awaitable[None]:
        """Add or replace a document. Text fields are searched, integer fields are for filters."""
        ...

    def remove(self, doc_id: str) -> Awaitable[None]:
        """Remove a document."""
        ...

    def query(
        self,
        text: str,
        *,
        where: Mapping[str, str] | None = None,
        between: Mapping[str, tuple[int, int]] | None = None,
        limit: int = 20,
    ) -> Awaitable[Sequence[Hit]]:
        """Find documents with any of the words, best first; an empty text matches all.

        `where` keeps those whose text field equals the value, `between` those in the range, both included.
        """
        ...


class Documents(Protocol):
    """Append-mostly JSON documents."""

    def add(self, collection: str, document: Mapping[str, Any]) -> Awaitable[str]:
        """Store a document and give its id."""
        ...

    def find(
        self, collection: str, *, limit: int = 100, **equals: str | int
    ) -> Awaitable[Sequence[dict[str, Any]]]:
        """Give the newest documents whose fields equal the values given, newest first."""
        ...


class Passwords(Protocol):
    """Slow, salted hashing of passwords. The simulated world models the time instead of spending it."""

    def hash(self, password: str) -> Awaitable[str]:
        """Give a string to store."""
        ...

    def verify(self, password: str, stored: str) -> Awaitable[bool]:
        """Tell whether the password belongs to what was stored, in constant time."""
        ...


class Config(Protocol):
    """Settings declared in the service's spec, set by topology or scenario."""

    def get(self, setting: Setting[Value]) -> Value:
        """Give the value in force now."""
        ...


class Directory(Protocol):
    """The operations of the whole shop, as the gateway sees them."""

    def find(self, name: str) -> Operation[Any, Any] | None:
        """Give the operation of that name if it may be reached from outside."""
        ...


class Context(Protocol):
    """What one request, event or job may use."""

    @property
    def service(self) -> str:
        """The name of this service."""
        ...

    @property
    def instance(self) -> str:
        """The name of this instance, such as `order-1`."""
        ...

    @property
    def incarnation(self) -> int:
        """Counts the starts of this instance from 1."""
        ...

    @property
    def caller(self) -> Caller:
        """Who is calling."""
        ...

    @property
    def deadline(self) -> Instant | None:
        """When the caller stops waiting; None: never."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def dice(self) -> Dice:
        """Chance."""
        ...

    @property
    def ids(self) -> Ids:
        """New identifiers."""
        ...

    @property
    def store(self) -> Store:
        """The database of this service."""
        ...

    @property
    def cache(self) -> Cache:
        """The shared cache."""
        ...

    @property
    def lock(self) -> Lock:
        """Leases."""
        ...

    @property
    def search(self) -> Search:
        """The full-text index."""
        ...

    @property
    def documents(self) -> Documents:
        """JSON documents."""
        ...

    @property
    def passwords(self) -> Passwords:
        """Password hashing."""
        ...

    @property
    def config(self) -> Config:
        """Settings."""
        ...

    @property
    def operations(self) -> Directory:
        """What the gateway may route to."""
        ...

    def call(
        self,
        operation: Operation[Request, Reply],
        request: Request,
        *,
        key: str | None = None,
        timeout: Duration | None = None,
        caller: Caller | None = None,
    ) -> Awaitable[Reply]:
        """Call an operation of another service, under this service's policy for it.

        `key` is the idempotency key. `timeout` bounds one try, instead of the policy's. The deadline of this
        context travels along. `caller` replaces who is said to be calling (the gateway's business).

        Raises:
            DomainError: what the business answered; one of the operation's errors.
            CallFailure: when no answer came; `definite` tells whether it certainly did not happen.
        """
        ...

    def publish(self, event: object) -> Awaitable[None]:
        """Publish at once, outside any transaction; see `Transaction.publish` for the safe way.

        Raises:
            PublishFailure: when the broker did not confirm.
        """
        ...

    def gather(self, *parts: Coroutine[Any, Any, T]) -> Awaitable[tuple[T, ...]]:
        """Run the parts side by side; when all have ended, give their results or raise the first failure."""
        ...

    def timeout(self, duration: Duration, part: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Run one part, closing it when time is up.

        Raises:
            Timeout: when time was up.
        """
        ...

    def log(self, message: str, **data: str | int) -> None:
        """Leave a note in the event log for people to read; nothing is judged by it."""
        ...
