"""The smaller ports in memory: cache, locks, search, documents, passwords, ids, settings, directory."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msa_lab.runtime.sim.kernel import Kernel, Wait
from msa_lab.sdk.contract import Operation, Setting
from msa_lab.sdk.distributions import Constant, Distribution, Stream
from msa_lab.sdk.failures import LockUnavailable
from msa_lab.sdk.ports import Hit
from msa_lab.sdk.values import Duration

Value = TypeVar("Value")


class SimCache:
    """A cache of one service with time to live. `enabled` False: it never keeps anything but counters.

    `latency` is how long one access takes, there and back.
    """

    def __init__(self, kernel: Kernel, latency: Distribution, stream: Stream, *, enabled: bool) -> None:
        self._kernel = kernel
        self._latency = None if latency == Constant(Duration(0)) else latency
        self._stream = stream
        self._enabled = enabled
        self._entries: dict[str, tuple[str, int]] = {}
        self._sweep_at = 4096

    async def get(self, key: str) -> str | None:
        """Give the value, unless it expired."""
        await self._reached()
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= self._kernel.now:
            del self._entries[key]
            return None
        return entry[0]

    async def set(self, key: str, value: str, ttl: Duration) -> None:
        """Keep a value for a time."""
        await self._reached()
        if self._enabled:
            self._keep(key, value, self._kernel.now + ttl)

    async def delete(self, key: str) -> None:
        """Forget a value."""
        await self._reached()
        self._entries.pop(key, None)

    async def increment(self, key: str, ttl: Duration) -> int:
        """Add one to a counter; a new one lives for `ttl`."""
        await self._reached()
        entry = self._entries.get(key)
        if entry is None or entry[1] <= self._kernel.now:
            self._keep(key, "1", self._kernel.now + ttl)
            return 1
        count = int(entry[0]) + 1
        self._entries[key] = (str(count), entry[1])
        return count

    def flush(self) -> int:
        """Lose everything; give how many entries were lost."""
        lost = len(self._entries)
        self._entries.clear()
        return lost

    async def _reached(self) -> None:
        if self._latency is not None:
            wait: Wait[None] = Wait()
            self._kernel.after(self._latency.sample(self._stream), wait.settle)
            await wait

    def _keep(self, key: str, value: str, until: int) -> None:
        self._entries[key] = (value, until)
        if len(self._entries) >= self._sweep_at:
            now = self._kernel.now
            self._entries = {key: entry for key, entry in self._entries.items() if entry[1] > now}
            self._sweep_at = max(4096, 2 * len(self._entries))


class SimLock:
    """Leases of one service, with rising fencing tokens."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._held: dict[str, tuple[str, int]] = {}
        self._granted = 0

    async def acquire(self, name: str, ttl: Duration) -> str:
        """Take the lease."""
        holder = self._held.get(name)
        if holder is not None and holder[1] > self._kernel.now:
            raise LockUnavailable
        self._granted += 1
        token = f"{self._granted:012d}"
        self._held[name] = (token, self._kernel.now + ttl)
        return token

    async def release(self, name: str, token: str) -> None:
        """Give the lease back."""
        if self._held.get(name, ("", 0))[0] == token:
            del self._held[name]


class SimSearch:
    """A full-text index of one service: words to documents, scored by the number of matches."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, str | int]] = {}
        self._words: dict[str, dict[str, int]] = {}

    async def index(self, doc_id: str, fields: Mapping[str, str | int]) -> None:
        """Add or replace a document."""
        await self.remove(doc_id)
        self._documents[doc_id] = dict(fields)
        for word in _words(fields):
            holders = self._words.setdefault(word, {})
            holders[doc_id] = holders.get(doc_id, 0) + 1

    async def remove(self, doc_id: str) -> None:
        """Remove a document."""
        fields = self._documents.pop(doc_id, None)
        for word in _words(fields or {}):
            self._words[word].pop(doc_id, None)

    async def query(
        self,
        text: str,
        *,
        where: Mapping[str, str] | None = None,
        between: Mapping[str, tuple[int, int]] | None = None,
        limit: int = 20,
    ) -> Sequence[Hit]:
        """Find documents with any of the words, best first."""
        words = text.lower().split()
        scores: dict[str, int] = dict.fromkeys(self._documents, 0) if not words else {}
        for word in words:
            for doc_id, count in self._words.get(word, {}).items():
                scores[doc_id] = scores.get(doc_id, 0) + count
        ranking = sorted(scores.items(), key=lambda scored: (-scored[1], scored[0]))
        hits: list[Hit] = []
        for doc_id, score in ranking:
            if _fits(self._documents[doc_id], where or {}, between or {}):
                hits.append(Hit(doc_id, float(score)))
                if len(hits) == limit:
                    break
        return hits


def _words(fields: Mapping[str, str | int]) -> list[str]:
    return [word for value in fields.values() if isinstance(value, str) for word in value.lower().split()]


def _fits(
    fields: Mapping[str, str | int], where: Mapping[str, str], between: Mapping[str, tuple[int, int]]
) -> bool:
    return all(fields.get(name) == value for name, value in where.items()) and all(
        low <= int(fields.get(name, low - 1)) <= high for name, (low, high) in between.items()
    )


class SimDocuments:
    """JSON documents of one service; each collection keeps its newest `kept`."""

    def __init__(self, kept: int = 10_000) -> None:
        self._kept = kept
        self._collections: dict[str, list[dict[str, Any]]] = {}
        self._count = 0

    async def add(self, collection: str, document: Mapping[str, Any]) -> str:
        """Store a document."""
        stored = self._collections.setdefault(collection, [])
        stored.append(dict(document))
        if len(stored) > 2 * self._kept:
            del stored[: self._kept]
        self._count += 1
        return f"{collection}-{self._count}"

    async def find(
        self, collection: str, *, limit: int = 100, **equals: str | int
    ) -> Sequence[dict[str, Any]]:
        """Give matching documents, newest first."""
        found: list[dict[str, Any]] = []
        for document in reversed(self._collections.get(collection, [])):
            if all(document.get(name) == value for name, value in equals.items()):
                found.append(document)
                if len(found) == limit:
                    break
        return found


class SimPasswords:
    """Keyed hashing that costs nothing: a stand-in for a slow hash, never for real passwords."""

    def __init__(self, seed: int) -> None:
        self._pepper = hashlib.sha256(f"pepper:{seed}".encode()).digest()

    async def hash(self, password: str) -> str:
        """Give a string to store."""
        return hmac.new(self._pepper, password.encode(), "sha256").hexdigest()

    async def verify(self, password: str, stored: str) -> bool:
        """Tell whether the password belongs to what was stored."""
        return hmac.compare_digest(await self.hash(password), stored)


class SimIds:
    """Identifiers counted per prefix: short, readable, unique in the run."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        """Give the next identifier of that prefix."""
        count = self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}-{count:04d}"


class SimConfig:
    """Settings: what topology and scenario set, else the default."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def get(self, setting: Setting[Value]) -> Value:
        """Give the value in force."""
        value: Value = self._values.get(setting.name, setting.default)
        return value


class SimDirectory:
    """The operations that may be reached from outside."""

    def __init__(self, operations: Mapping[str, Operation[Any, Any]]) -> None:
        self._operations = {
            name: operation for name, operation in operations.items() if operation.access != "internal"
        }

    def find(self, name: str) -> Operation[Any, Any] | None:
        """Give the operation of that name."""
        return self._operations.get(name)
