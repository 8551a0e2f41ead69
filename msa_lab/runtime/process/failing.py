"""Failures on the wire: what a reply says of a refusal or failure, and what the caller makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msa_lab.sdk import failures
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import CallFailure, DomainError, InvalidRequest, PortFailure, RemoteFailure

BUG = "Error"
"""What a reply calls a failure that no port raised."""

STATUS: Mapping[str, int] = {
    "InvalidRequest": 422,
    "RemoteFailure": 502, "ConnectionLost": 502,
    "Overloaded": 503, "Unavailable": 503, "BreakerOpen": 503, "BulkheadFull": 503, "StoreUnavailable": 503,
    "Conflict": 503, "LockUnavailable": 503, "PublishRefused": 503,
    "DeadlineExceeded": 504, "Timeout": 504,
}  # fmt: skip
"""The HTTP status of a failure; 500 of all others: nobody can tell whether it happened, or it is a bug."""

_PASSED: dict[str, type[CallFailure]] = {
    name: getattr(failures, name) for name in ("InvalidRequest", "Overloaded", "DeadlineExceeded")
}


def written(error: Exception, *, began: bool = False) -> tuple[int, dict[str, Any]]:
    """Give HTTP status and body for what a handler or the host raised.

    `began` tells that the handler had begun: whatever refused one of its own calls, this one may have had
    an effect.
    """
    if isinstance(error, DomainError):
        return error.status, {"error": error.code, "message": error.message, "data": error.data}
    if isinstance(error, InvalidRequest):
        status = getattr(error, "status", STATUS["InvalidRequest"])
        return status, {"failure": "InvalidRequest", "message": str(error)}
    name = type(error).__name__ if isinstance(error, PortFailure) else BUG
    told: dict[str, Any] = {"failure": name, "message": ""}
    if name in STATUS:
        told["message"] = _meant(error) if began else str(error)
    if began:
        told["began"] = True
    return STATUS.get(name, 500), told


def _meant(error: Exception) -> str:
    """Say what a failure means; what it says itself may be about our insides."""
    return (type(error).__doc__ or "").strip()


def read(operation: Operation[Any, Any], status: int, body: object) -> Exception:
    """Make the exception of a reply that is none of success."""
    told: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    code = told.get("error")
    if isinstance(code, str):
        data = told.get("data")
        return _refusal(operation, code, status)(
            str(told.get("message", "")), **(data if isinstance(data, dict) else {})
        )
    passed = _PASSED.get(str(told.get("failure")))
    if passed is not None and not told.get("began"):
        return passed(str(told.get("message", "")))
    return RemoteFailure(f"HTTP {status}")


def _refusal(operation: Operation[Any, Any], code: str, status: int) -> type[DomainError]:
    """Find the class of a refusal: one of the operation's, one that is known, or one made for it."""
    for declared in operation.errors:
        if declared.code == code:
            return declared
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        known = waiting.pop()
        if known.code == code:
            return known
        waiting.extend(known.__subclasses__())
    made: type[DomainError] = type("Refused", (DomainError,), {"status": status})
    made.code = code
    return made
