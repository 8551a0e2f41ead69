"""The smaller ports of real services: cache and locks on Valkey, passwords, identifiers, settings."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from msa_lab.runtime.process.servers import together
from msa_lab.sdk.contract import Operation, Setting
from msa_lab.sdk.failures import LockUnavailable
from msa_lab.sdk.testing import FakeCache, FakeLock
from msa_lab.sdk.values import Duration

Value = TypeVar("Value")
PASSWORD_COST = 2**12
FLEETING_COST = 2**6
"""For accounts that end with the run: a slow hash would protect nobody and be most of the work of a rush."""


def _milliseconds(ttl: Duration) -> int:
    return max(1, -(-ttl // 1000))


class ValkeyCache:
    """A service's cache. When the server is gone everything is a miss. `enabled` False: counters only."""

    def __init__(self, server: Redis, service: str, *, enabled: bool, prefix: str = "") -> None:
        self._server = server
        self._prefix = f"{prefix}cache:{service}:"
        self._enabled = enabled

    async def get(self, key: str) -> str | None:
        """Give the value, unless it expired."""
        try:
            found = await self._server.get(self._prefix + key)
        except RedisError:
            return None
        return found.decode() if isinstance(found, bytes) else None

    async def set(self, key: str, value: str, ttl: Duration) -> None:
        """Keep a value for a time."""
        if self._enabled:
            try:
                await self._server.set(self._prefix + key, value, px=_milliseconds(ttl))
            except RedisError:
                return

    async def delete(self, key: str) -> None:
        """Forget a value."""
        try:
            await self._server.delete(self._prefix + key)
        except RedisError:
            return

    async def increment(self, key: str, ttl: Duration) -> int:
        """Add one to a counter; a new one lives for `ttl`."""
        try:
            name = self._prefix + key
            begin = ("SET", name, 0, "PX", _milliseconds(ttl), "NX")
            return int((await together(self._server, begin, ("INCR", name)))[1])
        except RedisError:
            return 1


class ValkeyLock:
    """Leases of one service, with rising fencing tokens."""

    def __init__(self, server: Redis, service: str, *, prefix: str = "") -> None:
        self._server = server
        self._prefix = f"{prefix}lock:{service}:"

    async def acquire(self, name: str, ttl: Duration) -> str:
        """Take the lease.

        Raises:
            LockUnavailable: when somebody holds it, or the server is gone.
        """
        try:
            token = f"{await self._server.incr(self._prefix):012d}"
            taken = await self._server.set(self._prefix + name, token, px=_milliseconds(ttl), nx=True)
        except RedisError as error:
            raise LockUnavailable(str(error)) from error
        if not taken:
            raise LockUnavailable
        return token

    async def release(self, name: str, token: str) -> None:
        """Give the lease back."""
        try:
            async with self._server.pipeline(transaction=True) as piped:
                await piped.watch(self._prefix + name)
                holder: Any = await piped.get(self._prefix + name)
                if holder == token.encode():
                    piped.multi()  # type: ignore[no-untyped-call]
                    piped.delete(self._prefix + name)
                    await piped.execute()
        except RedisError:  # also: it ended, or is another's, since we looked
            return


class MemoryCache(FakeCache):
    """A cache in the process's memory, for a process that has no other."""


class MemoryLock(FakeLock):
    """Leases among the work of one process."""


class Scrypt:
    """Salted scrypt (RFC 7914) with r = 8, p = 1 and `cost` as its N, a power of 2.

    With the usual cost a hash takes some 10 ms, so that a small machine can play.
    """

    def __init__(self, cost: int = PASSWORD_COST) -> None:
        self._cost = cost

    async def hash(self, password: str) -> str:
        """Give salt and hash as hexadecimal."""
        salt = os.urandom(16)
        return f"{salt.hex()}:{(await self._derive(password, salt)).hex()}"

    async def verify(self, password: str, stored: str) -> bool:
        """Tell whether the password belongs to what was stored."""
        salt, _, hashed = stored.partition(":")
        return hmac.compare_digest(await self._derive(password, bytes.fromhex(salt)), bytes.fromhex(hashed))

    async def _derive(self, password: str, salt: bytes) -> bytes:
        return await asyncio.to_thread(hashlib.scrypt, password.encode(), salt=salt, n=self._cost, r=8, p=1)


class CountedIds:
    """Identifiers from the number of the process and a count: unique in the run."""

    def __init__(self, origin: int) -> None:
        self._origin = origin
        self._counts: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        """Give the next identifier of that prefix."""
        count = self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}-{self._origin:x}-{count:04d}"


class PlannedConfig:
    """Settings: what topology and scenario set, else the default."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def get(self, setting: Setting[Value]) -> Value:
        """Give the value in force."""
        value: Value = self._values.get(setting.name, setting.default)
        return value


class OuterDirectory:
    """The operations that may be reached from outside."""

    def __init__(self, operations: Mapping[str, Operation[Any, Any]]) -> None:
        self._operations = {
            name: operation for name, operation in operations.items() if operation.access != "internal"
        }

    def find(self, name: str) -> Operation[Any, Any] | None:
        """Give the operation of that name."""
        return self._operations.get(name)
