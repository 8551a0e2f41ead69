"""Failures on the wire: what a reply says of a refusal or failure, and what the caller makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msa_lab.sdk import failures
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import CallFailure, DomainError, PortFailure, RemoteFailure

_STATUS = {"InvalidRequest": 422, "Overloaded": 503, "DeadlineExceeded": 504}
_PASSED: dict[str, type[CallFailure]] = {name: getattr(failures, name) for name in _STATUS}


def written(error: Exception) -> tuple[int, dict[str, Any]]:
    """Give HTTP status and body for what a handler or the host raised."""
    if isinstance(error, DomainError):
        return error.status, {"error": error.code, "message": error.message, "data": error.data}
    name = type(error).__name__
    if name in _STATUS:
        return _STATUS[name], {"failure": name, "message": str(error)}
    return 500, {"failure": name if isinstance(error, PortFailure) else "Error", "message": ""}


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
    if passed is not None:
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
