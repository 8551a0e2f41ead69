"""Servers that the shop uses instead of starting its own, each named by a URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from msa_lab.source import listed, meant, quoted

SCHEMES: Final[Mapping[str, tuple[str, ...]]] = {
    "broker": ("redis", "rediss", "amqp", "amqps"),
    "cache": ("redis", "rediss"),
    "database": ("postgresql",),
}
"""What each of the servers may be."""

VARIABLES: Final[Mapping[str, str]] = {name: f"MSALAB_{name.upper()}_URL" for name in SCHEMES}
"""The environment variable that names each of the servers; only there a URL may hold a password."""

_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Servers:
    """The URLs of servers that are there already; '' means that the shop starts its own.

    They may hold passwords: nothing shows them, `shown` gives what may be read.
    """

    broker: str = field(default="", repr=False)
    cache: str = field(default="", repr=False)
    database: str = field(default="", repr=False)

    def changed(self, urls: Mapping[str, str]) -> Servers:
        """Give these with others in their place."""
        return replace(self, **urls)


def check_url(name: str, url: str) -> str:
    """Give a server's URL, trimmed; '' is none. The message never holds more of it than its scheme.

    Raises:
        ValueError: when the server cannot be named so.
    """
    url = url.strip()
    if not url:
        return ""
    schemes = SCHEMES[name]
    example = f"{schemes[0]}://HOST:PORT"
    if len(url) > _LONGEST or not url.isprintable() or " " in url:
        raise ValueError(f"not a URL such as {example}")
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise ValueError(f"not a URL such as {example}")
    if scheme not in schemes:
        guess = meant(scheme, schemes)
        raise ValueError(f"a {name} is reached by {listed(schemes)}, not by {quoted(scheme)}{guess}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"not a URL such as {example}") from None
    if not parts.hostname or port == 0:
        raise ValueError(f"not a URL such as {example}: it names no host")
    return url


def password(url: str) -> str:
    """Give the password in a URL as it is written there; '' when there is none."""
    userinfo, separator, _ = _split(url).netloc.rpartition("@")
    return userinfo.partition(":")[2] if separator else ""


def shown(url: str) -> str:
    """Give a URL as people may see it: no user, no password, no options."""
    parts = _split(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")
