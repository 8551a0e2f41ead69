"""One try of a call on its way: the request, who waits for the answer, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msa_lab.runtime.sim.kernel import Wait
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.ports import Caller

if TYPE_CHECKING:
    from msa_lab.runtime.sim.instance import Instance
    from msa_lab.runtime.sim.node import Node

Direction = Literal["request", "reply"]


class Exchange:
    """A request and its reply. `cause` is the last log event of its story; `fault` names what hurt it."""

    __slots__ = (
        "attempt",
        "callee",
        "caller_incarnation",
        "caller_instance",
        "caller_node",
        "caller_service",
        "cause",
        "deadline",
        "error",
        "fault",
        "identity",
        "key",
        "lamport",
        "number",
        "operation",
        "reply",
        "request",
        "saga",
        "sent_at",
        "trace",
        "wait",
    )

    def __init__(
        self,
        number: int,
        operation: Operation[Any, Any],
        request: object,
        wait: Wait[Any],
    ) -> None:
        self.number = number
        self.operation = operation
        self.request = request
        self.wait = wait
        self.key: str | None = None
        self.attempt = 1
        self.sent_at = 0
        self.deadline: int | None = None
        self.identity: Caller | None = None
        self.saga = ""
        self.trace = 0
        self.cause = 0
        self.lamport = 0
        self.fault = ""
        self.reply: Any = None
        self.error: BaseException | None = None
        self.caller_service = ""
        self.caller_instance = ""
        self.caller_node: Node
        self.caller_incarnation = 0
        self.callee: Instance

    @property
    def answered(self) -> bool:
        """Whether the caller has stopped waiting."""
        return self.wait.settled
