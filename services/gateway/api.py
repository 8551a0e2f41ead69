from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field

from msa_lab.sdk import DomainError, Forbidden, NotFound, Operation, TooManyRequests, Unauthenticated


class NoSuchOperation(NotFound):
    """The shop has no operation of that name for the outside."""


class BadRequest(DomainError):
    """The arguments do not fit the operation."""

    status: ClassVar[int] = 400


class LoginRequired(Unauthenticated):
    """Log in first."""


class RoleRequired(Forbidden):
    """Your roles do not allow that."""


class RateLimited(TooManyRequests):
    """Too many requests in this window; slow down."""


@dataclass(frozen=True, slots=True)
class EdgeRequest:
    """A request from outside. `key` is the client's idempotency key, `client` tells anonymous ones apart."""

    operation: Annotated[str, Field(min_length=1, max_length=100)]
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    token: Annotated[str, Field(max_length=4096)] = field(default="", repr=False)
    key: Annotated[str, Field(max_length=200)] | None = None
    client: Annotated[str, Field(max_length=100)] = ""


@dataclass(frozen=True, slots=True)
class EdgeReply:
    """What the operation replied."""

    body: Any


REQUEST = Operation(
    "gateway.request", "POST", "/api", EdgeRequest, EdgeReply,
    errors=(NoSuchOperation, BadRequest, LoginRequired, RoleRequired, RateLimited),
    access="public", summary="Pass a request from outside to the service that answers it.",
)  # fmt: skip
