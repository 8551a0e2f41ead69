"""Accounts: what an e-mail address is, which passwords will not do, what a token says.

Tokens are JWTs signed with HS256 (RFC 7519). Their time is compared with the instant passed in, never with a
wall clock. NumericDates count whole seconds from the start of the run: `iat` is rounded down, `exp` up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from msa_lab.sdk.values import Duration, Instant

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


ISSUER = "msa-lab"
_ALGORITHM = "HS256"
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Claims:
    """Who the bearer is, until when, and which token this is."""

    token_id: str
    subject: str
    roles: tuple[str, ...]
    expires_at: Instant


def claims_for(token_id: str, subject: str, roles: tuple[str, ...], now: Instant, ttl: Duration) -> Claims:
    """Give the claims of a token issued `now`; the expiry is rounded up to the second."""
    return Claims(token_id, subject, roles, Instant(-(-(now + ttl) // _SECOND) * _SECOND))


def sign(claims: Claims, now: Instant, key: str) -> str:
    """Give the token."""
    import jwt  # noqa: PLC0415 - loads an HTTP client too: only where tokens are made

    payload = {
        "iss": ISSUER,
        "sub": claims.subject,
        "roles": list(claims.roles),
        "iat": now // _SECOND,
        "exp": claims.expires_at // _SECOND,
        "jti": claims.token_id,
    }
    return jwt.encode(payload, key, algorithm=_ALGORITHM)


def verify(token: str, now: Instant, key: str) -> Claims | None:
    """Give what a token says, or None when it is not ours, was changed, or has expired.

    Only HS256 is accepted: a token that names another algorithm, `none` among them, is refused.
    """
    import jwt  # noqa: PLC0415 - see above

    try:
        payload = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            issuer=ISSUER,
            options={
                "require": ["sub", "exp", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidTokenError:
        return None
    subject, expiry, token_id = payload["sub"], payload["exp"], payload["jti"]
    roles = payload.get("roles", [])
    if not isinstance(expiry, int) or not isinstance(token_id, str) or not isinstance(roles, list):
        return None
    expires_at = Instant(expiry * _SECOND)
    if now >= expires_at:
        return None
    return Claims(token_id, subject, tuple(str(role) for role in roles), expires_at)
