"""What one client of an instance may send, and how long it may take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from urllib.parse import unquote_to_bytes

from msa_lab.sdk.failures import InvalidRequest

KIB = 1024
LARGEST_INTEGER = 2**53 - 1
"""The largest integer that every reader of JSON keeps exact (RFC 7493, 2.2)."""

DEEPEST = 64
"""How deep arrays and objects may lie in each other; some of those who read them later recurse."""

_ODD_JSON = re.compile(rb"\d{16}|\d[eE]|\\u0000")
_ODD_ADDRESS = re.compile(rb"\d{16}|%00|%[89a-fA-F]|[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. `drained` is how much too large a body may be and still be read."""

    body: int = 1024 * KIB
    drained: int = 16 * 1024 * KIB
    body_within: float = 10.0
    address: int = 8 * KIB
    head: int = 64 * KIB
    head_within: float = 10.0
    reply_within: float = 30.0


LIMITS = Limits()


def odd_body(raw: bytes) -> bool:
    """Tell cheaply whether JSON may hold something that `sound` refuses."""
    return _ODD_JSON.search(raw) is not None


def odd_address(raw: bytes) -> bool:
    """Tell the same of a path or query.

    Raises:
        InvalidRequest: when it is not UTF-8.
    """
    if _ODD_ADDRESS.search(raw) is None:
        return False
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise InvalidRequest("the address is not UTF-8") from None
    return True


def sound(value: object) -> None:
    """Refuse what fits its type and can still not be kept: inexact numbers and NUL.

    Raises:
        InvalidRequest: naming what is wrong.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "\0" in one:
                raise InvalidRequest("a text holds the character NUL")
        elif isinstance(one, int):
            if not -LARGEST_INTEGER <= one <= LARGEST_INTEGER:
                raise InvalidRequest("a number is larger than 2^53 - 1")
        elif isinstance(one, Mapping):
            waiting.extend(one.keys())
            waiting.extend(one.values())
        elif isinstance(one, list | tuple):
            waiting.extend(one)
        elif is_dataclass(one):
            waiting.extend(getattr(one, field.name) for field in fields(one))


def shallow(raw: bytes, value: object) -> None:
    """Refuse JSON that lies too deep.

    Raises:
        InvalidRequest: when it is deeper than `DEEPEST`.
    """
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return
    level = [value]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        if not inner:
            return
        level = inner
    if any(isinstance(one, dict | list) for one in level):
        raise InvalidRequest(f"the body is deeper than {DEEPEST} levels")
