"""What can go wrong at a port, named the same in both worlds.

A failure is *definite* (it certainly did not happen) or *indefinite* (it may have happened): the taxonomy
of Maelstrom and Jepsen. A `DomainError` is neither: it is the business's answer "no".
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

Datum = str | int | bool | None


class DomainError(Exception):
    """The business refuses.

    Subclass it in a service's `api.py` and list the class in the operations that raise it. `code` is the
    class name in kebab case; `status` is the HTTP status that suits it; keyword data must be plain values.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "domain-error"

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - the signature of the hook
        super().__init_subclass__(**kwargs)
        cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    def __init__(self, message: str = "", **data: Datum) -> None:
        self.message = message or (type(self).__doc__ or self.code).strip()
        self.data = data
        super().__init__(self.message)


class NotFound(DomainError):
    """There is no such thing."""

    status = 404


class Unauthenticated(DomainError):
    """Say who you are first."""

    status = 401


class Forbidden(DomainError):
    """You may not do that."""

    status = 403


class TooManyRequests(DomainError):
    """Slow down."""

    status = 429


class PortFailure(Exception):
    """A port could not do what was asked."""

    definite: ClassVar[bool] = False

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class CallFailure(PortFailure):
    """A call brought no answer from the business."""


class Unavailable(CallFailure):
    """Nobody is there to answer: refused, unknown or down."""

    definite = True


class Overloaded(CallFailure):
    """The callee's queue is full; it did not start."""

    definite = True


class BreakerOpen(CallFailure):
    """The circuit breaker is open; the call was not sent."""

    definite = True


class BulkheadFull(CallFailure):
    """Too many calls to that service are under way; the call was not sent."""

    definite = True


class DeadlineExceeded(CallFailure):
    """The deadline had passed before the work was started."""

    definite = True


class InvalidRequest(CallFailure):
    """The request does not fit the operation's contract."""

    definite = True


class Timeout(CallFailure):
    """No answer in time; it may have happened."""


class ConnectionLost(CallFailure):
    """The connection broke after the request was sent; it may have happened."""


class RemoteFailure(CallFailure):
    """The callee failed inside (HTTP 5xx); it may have happened."""


class StoreFailure(PortFailure):
    """The store could not do what was asked."""


class Conflict(StoreFailure):
    """A record changed since it was read; nothing was committed."""

    definite = True


class Duplicate(StoreFailure):
    """A unique constraint refused; nothing was committed."""

    definite = True

    def __init__(self, message: str = "", *, table: str = "", fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.table = table
        self.fields = fields


class StoreUnavailable(StoreFailure):
    """The store is down; nothing was committed."""

    definite = True


class CommitUnknown(StoreFailure):
    """The reply to a commit was lost; it may have been committed."""


class PublishFailure(PortFailure):
    """The broker did not take the event; it may have."""


class PublishRefused(PublishFailure):
    """The broker is not there; the event was not taken."""

    definite = True


class LockUnavailable(PortFailure):
    """The lock is held by somebody else."""

    definite = True
