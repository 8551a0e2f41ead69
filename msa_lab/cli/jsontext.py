"""Results as JSON text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


def json_text(value: object, *, enc_hook: Callable[[Any], Any] | None = None) -> str:
    """Write a value over several lines, with a line break at the end.

    Raises:
        TypeError: when there is something in it that JSON does not know, and `enc_hook` does not turn it.
    """
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=enc_hook), indent=2).decode() + "\n"
