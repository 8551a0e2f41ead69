"""What every host does in any world: marks of what is done, the sagas' moves, validation at the edge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from msa_lab.sdk.contract import Table
from msa_lab.sdk.failures import InvalidRequest, StoreUnavailable
from msa_lab.sdk.memory import Change
from msa_lab.sdk.saga import SagaRecord


@dataclass(frozen=True, slots=True)
class Inboxed:
    """An event that a consumer group has applied, at the instant `at`; `id` is `event id/group`."""

    id: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """The reply to a keyed operation, given at the instant `at`; `id` is `operation/key`."""

    id: str
    reply: Any
    at: int = 0


INBOX = Table("inbox", Inboxed)
ANSWERS = Table("answers", Answered)
OWN = (INBOX, ANSWERS)
"""The tables that hosts keep beside those of the service."""


class AlreadyDone(BaseException):
    """The work was committed before by another delivery or try; `reply` is what it gave."""

    def __init__(self, reply: object = None) -> None:
        super().__init__()
        self.reply = reply


SPARED: Final = 100
"""How many deliveries at most are spared: a store that refuses one event for ever must not block its key."""


def spares(reason: str, spared: int) -> bool:
    """Tell whether a delivery that failed is no step towards the dead letters; so many were spared before.

    While its consumer's own store is away no event can be applied, and that says nothing of this one.
    """
    return reason == StoreUnavailable.__name__ and spared < SPARED


def visible(changes: Sequence[Change]) -> list[Change]:
    """Leave out what the host itself keeps."""
    return [change for change in changes if change.table not in OWN]


def saga_moves(before: SagaRecord, after: SagaRecord, took: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give what a commit says of a saga, as kinds and details of log events; `took` is since its start."""
    detail = {"name": after.saga, "step": before.step}
    for step in after.done[len(before.done) :]:
        yield "saga.step", {"name": after.saga, "step": step}
    if after.attempt > before.attempt:
        yield "saga.retried", detail | {"attempt": after.attempt + 1}
    if after.state == "COMPENSATING" and before.state == "RUNNING":
        yield "saga.turned", detail | {"failure": after.failure}
    for step in after.undone[len(before.undone) :]:
        yield "saga.undone", {"name": after.saga, "step": step}
    if after.ended and not before.ended:
        ended: dict[str, Any] = {"name": after.saga, "took": took}
        if after.state == "COMPENSATED":
            ended["failure"] = after.failure
        yield f"saga.{after.state.lower()}", ended


class Edge:
    """Checks the requests of one operation where they reach the callee, whoever sent them.

    A request object is checked as strictly as the plain mapping that stands for it on the wire.
    """

    def __init__(self, request: type[Any]) -> None:
        # Pydantic lets a dataclass's instances pass unread; in a tuple the setting reaches them.
        self._adapter = TypeAdapter(tuple[request], config=ConfigDict(revalidate_instances="always"))  # type: ignore[valid-type] # made at run time

    def checked(self, request: object) -> Any:  # noqa: ANN401 - of the operation's request type
        """Give the request, of its type.

        Raises:
            InvalidRequest: when it does not fit the contract.
        """
        try:
            return self._adapter.validate_python((request,))[0]
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"][1:])
            raise InvalidRequest(f"{place}: {first['msg']}") from None
