"""Tokens: JWTs signed with HS256 (RFC 7519). Time is compared with the instant passed in, never a wall clock.

NumericDates count whole seconds from the start of the run: `iat` is rounded down, `exp` up.
"""

from __future__ import annotations

from dataclasses import dataclass

import jwt

from msa_lab.sdk.values import Duration, Instant

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
