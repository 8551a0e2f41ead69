"""What a run depended on, as one YAML file: nothing is left to a default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LOCK_SCHEMA = "msalab/lock@1"


def lock_text(content: Mapping[str, Any]) -> str:
    """Write nested mappings, lists and plain values as YAML; texts of several lines as blocks."""
    return "\n".join([f"schema: {LOCK_SCHEMA}", *_mapping(content, "")]) + "\n"


def _mapping(content: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for key, value in content.items():
        lines += _entry(f"{indent}{_key(key)}:", value, indent)
    return lines


def _entry(head: str, value: Any, indent: str) -> list[str]:  # noqa: ANN401 - any plain value
    inner = indent + "  "
    if isinstance(value, Mapping) and value:
        return [head, *_mapping(value, inner)]
    if isinstance(value, list | tuple) and value:
        return [head, *(f"{inner}- {_plain(item)}" for item in value)]
    if isinstance(value, str) and "\n" in value and value.isprintable() is False and _blockable(value):
        body = [
            f"{inner}{line}".rstrip() if not line else f"{inner}{line}" for line in value[:-1].split("\n")
        ]
        return [f"{head} |2", *body]
    return [f"{head} {_plain(value)}"]


def _blockable(text: str) -> bool:
    """Tell whether a block gives the text back exactly: one line break at the end, nothing unprintable."""
    return (
        text.endswith("\n")
        and not text.endswith("\n\n")
        and all(line.isprintable() for line in text[:-1].split("\n"))
    )


def _plain(value: Any) -> str:  # noqa: ANN401 - any plain value
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {_plain(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_plain(item) for item in value) + "]"
    if isinstance(value, bool | int | float | str) or value is None:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(str(value), ensure_ascii=False)


def _key(key: object) -> str:
    text = str(key)
    return (
        text if text.replace("-", "").replace("_", "").isalpha() and text not in _WORDS else json.dumps(text)
    )


_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
