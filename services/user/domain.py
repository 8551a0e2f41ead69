"""Accounts: what an e-mail address is, which passwords will not do, who may log in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

ROLES = ("user", "admin")
"""Everybody is a `user`; an `admin` may also run the shop."""

_LOCAL = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}")
_LABEL = re.compile(r"[a-z0-9\u0080-\U0010ffff]([a-z0-9\u0080-\U0010ffff-]{0,61}[a-z0-9\u0080-\U0010ffff])?")
_LONGEST_EMAIL = 254
_COMMON_PASSWORDS = (
    "11111111", "12345678", "123456789", "1234567890", "iloveyou", "password", "password1", "qwertyui",
    "qwertyuiop",
)  # fmt: skip
_SHORTEST_GIVEAWAY = 4


def normalised_email(text: str) -> str | None:
    """Give the one spelling under which an address is stored and compared; None when it is no address.

    Case and surrounding blanks do not tell addresses apart, nor do two encodings of the same letter (NFC).
    """
    address = unicodedata.normalize("NFC", text.strip()).lower()
    local, at, domain = address.rpartition("@")
    if not at or len(address) > _LONGEST_EMAIL or not _LOCAL.fullmatch(local):
        return None
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return None
    labels = domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - name.tld
        return None
    return address


def weakness(password: str, email: str) -> str | None:
    """Say why a password will not do, or None. `email` is normalised."""
    lowered = password.lower()
    if lowered in _COMMON_PASSWORDS:
        return "That is one of the passwords tried first."
    if len(frozenset(lowered)) == 1:
        return "A single letter repeated is no password."
    local = email.partition("@")[0]
    if lowered == email or (len(local) >= _SHORTEST_GIVEAWAY and lowered == local):
        return "The password repeats the e-mail address."
    return None


def roles_of(given: Iterable[str]) -> tuple[str, ...]:
    """Give the roles in their fixed order, `user` always among them.

    Raises:
        ValueError: when a role is unknown.
    """
    wanted = ("user", *given)
    for role in wanted:
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}; roles are {', '.join(ROLES)}")
    return tuple(role for role in ROLES if role in wanted)


def locked_out(failures: int, allowed: int) -> bool:
    """Tell whether so many wrong passwords in a row close the account for a while."""
    return failures >= allowed
