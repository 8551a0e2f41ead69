"""Capture paths, a small part of JSONPath: `$.items[0].sku`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_PATH: Final = re.compile(r"\$((?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]{1,6}\]){1,16})")
_PART: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+)\]")


class Missing(LookupError):
    """A path leads to nothing that can be captured."""


def parse_path(text: str) -> tuple[str | int, ...]:
    """Read a path.

    Raises:
        ValueError: when it is not one.
    """
    match = _PATH.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text[:60]}' is not a path such as $.order_id or $.items[0].sku")
    return tuple(part[1] or int(part[2]) for part in _PART.finditer(match[1]))


def capture(value: Any, path: str) -> str | int:  # noqa: ANN401 - a reply of any operation
    """Take a text or a whole number out of a reply: a dataclass, a mapping or a list.

    Raises:
        Missing: when the path leads nowhere, or to something else.
    """
    for part in parse_path(path):
        value = _inside(value, part, path)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Missing(f"{path} is neither a text nor a whole number")
    return value


def _inside(value: Any, part: str | int, path: str) -> Any:  # noqa: ANN401 - a part of any reply
    try:
        if isinstance(part, int):
            if isinstance(value, list | tuple):
                return value[part]
        elif isinstance(value, Mapping):
            return value[part]
        elif not part.startswith("_"):
            return getattr(value, part)
    except (LookupError, AttributeError):
        pass
    raise Missing(f"{path}: the answer has no {part!r}")
