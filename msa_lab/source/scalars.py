"""What a plain (unquoted) scalar means: the YAML 1.2 core schema, less all that YAML 1.1 reads otherwise."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"(?i:yes|no|on|off)|True|TRUE|False|FALSE|Null|NULL")
_TRAPS = tuple(
    (re.compile(pattern), message, hint)
    for pattern, message, hint in (
        (r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "is not a finite number", ""),
        (r"[-+]?0[xXoObB][0-9a-fA-F_]+", "is not a decimal number", "write it in decimal, or "),
        (
            r"[-+]?0[0-9_]+(\.[0-9_]*)?",
            "is read as octal by some and as decimal by others",
            "drop the zero, or ",
        ),
        (
            r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?",
            "is read as a number by some and as text by others",
            "drop the underscores, or ",
        ),
        (
            r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?",
            "is read as a number in base 60 by some",
            "write a duration such as 90s, or ",
        ),
        (
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?",
            "is read as a date by some, as text by others",
            "",
        ),
    )
)
_DIGITS = 18
_TRUTH = {"yes": "true", "on": "true", "true": "true", "null": "null"}


@dataclass(frozen=True, slots=True)
class Trap:
    """A scalar that YAML readers do not agree on, or that no number can hold."""

    message: str
    hint: str


def plain(text: str) -> str | int | float | bool | Trap | None:
    """Give the value of an unquoted scalar, or why it is refused."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.fullmatch(text):
        return (
            int(text)
            if len(text) <= _DIGITS
            else Trap(f"{text[:30]}... is too large a number", "18 digits do")
        )
    if _FLOAT.fullmatch(text):
        number = float(text)
        return (
            number if math.isfinite(number) else Trap(f"{text} is too large a number", "write a smaller one")
        )
    return trap(text) or text


def trap(text: str) -> Trap | None:
    """Tell what is wrong with an unquoted scalar that is neither null, true, false nor a number."""
    quotes = f'write "{text}" if you mean the text'
    if _WORD.fullmatch(text):
        truth = _TRUTH.get(text.lower(), "false")
        message = f"{text} is read as {truth} by some and as text by others"
        return Trap(message, f'write {truth}, or "{text}" if you mean the text')
    for pattern, message, hint in _TRAPS:
        if pattern.fullmatch(text):
            return Trap(f"{text[:40]} {message}", f"{hint}{quotes}")
    return None
