"""Who may pass the door, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msa_lab.sdk.values import Duration, Instant

Verdict = Literal["pass", "log in first", "not your role"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a token stands for; nobody for ''."""

    subject: str = ""
    roles: tuple[str, ...] = ()
    expires_at: Instant = Instant(0)


NOBODY = Visitor()


def admit(access: str, visitor: Visitor) -> Verdict:
    """Judge a visit: `public` is for all, `user` for whoever is known, `admin` for that role."""
    if access == "public":
        return "pass"
    if not visitor.subject:
        return "log in first"
    return "pass" if access == "user" or access in visitor.roles else "not your role"


def written(visitor: Visitor) -> str:
    """Give the visitor as a line of text for the cache."""
    return " ".join((str(visitor.expires_at), visitor.subject, *visitor.roles))


def read(line: str, now: Instant) -> Visitor | None:
    """Give the visitor of a line written before; None when the token has expired since."""
    expiry, subject, *roles = line.split(" ")
    expires_at = Instant(int(expiry))
    return Visitor(subject, tuple(roles), expires_at) if now < expires_at else None


def window(now: Instant, length: Duration) -> int:
    """Number the fixed window that an instant lies in; requests are counted per window."""
    return now // length
