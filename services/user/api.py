from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from msa_lab.sdk import DomainError, Instant, NotFound, Operation, Unauthenticated, event

Email = Annotated[str, Field(min_length=3, max_length=254)]
Password = Annotated[str, Field(min_length=8, max_length=128)]
Name = Annotated[str, Field(max_length=100)]
Phone = Annotated[str, Field(max_length=20)]


class EmailTaken(DomainError):
    """Somebody has registered with that e-mail address."""


class InvalidEmail(DomainError):
    """That is not an e-mail address."""

    status: ClassVar[int] = 422


class WeakPassword(DomainError):
    """The password is too easy to guess."""

    status: ClassVar[int] = 422


class BadCredentials(Unauthenticated):
    """The e-mail address and the password do not belong together."""


class TooManyLogins(DomainError):
    """Too many wrong passwords; try again later."""

    status: ClassVar[int] = 429


class InvalidToken(Unauthenticated):
    """The token was not issued here, was changed, or has expired."""


class NoSuchUser(NotFound):
    """There is no such user."""


@dataclass(frozen=True, slots=True)
class RegisterUser:
    email: Email
    password: Password = field(repr=False)
    name: Name = ""


@dataclass(frozen=True, slots=True)
class Registered:
    user_id: str


@dataclass(frozen=True, slots=True)
class LogIn:
    email: Email
    password: Annotated[str, Field(max_length=128)] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    token: str = field(repr=False)
    user_id: str
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class LogOut:
    """Ends the session of a token; a gateway may go on honouring it until its cache forgets it."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedOut:
    user_id: str


@dataclass(frozen=True, slots=True)
class ShowProfile:
    pass


@dataclass(frozen=True, slots=True)
class UpdateProfile:
    """What is None stays as it is."""

    name: Name | None = None
    phone: Phone | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    user_id: str
    email: str
    name: str
    phone: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Introspect:
    """Asks what a token stands for (RFC 7662)."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Introspection:
    subject: str
    roles: tuple[str, ...]
    expires_at: Instant


@event("user.registered", key="user_id")
@dataclass(frozen=True, slots=True)
class UserRegistered:
    user_id: str
    email: str
    name: str


@event("user.profile_updated", key="user_id")
@dataclass(frozen=True, slots=True)
class UserProfileUpdated:
    user_id: str
    email: str
    name: str
    phone: str


REGISTER = Operation(
    "user.register", "POST", "/users", RegisterUser, Registered,
    errors=(EmailTaken, InvalidEmail, WeakPassword), access="public", keyed=True,
    summary="Open an account.",
)  # fmt: skip
# Logging in and asking about a token write nothing: to repeat them is as harmless as with a key.
LOGIN = Operation(
    "user.login", "POST", "/sessions", LogIn, Session,
    errors=(BadCredentials, TooManyLogins), access="public", keyed=True,
    summary="Exchange a password for a token.",
)  # fmt: skip
LOGOUT = Operation(
    "user.logout", "POST", "/sessions/end", LogOut, LoggedOut,
    errors=(InvalidToken,), access="user", keyed=True, summary="End a session before its time.",
)  # fmt: skip
PROFILE = Operation(
    "user.profile", "GET", "/users/me", ShowProfile, Profile,
    errors=(NoSuchUser,), access="user", summary="Show my profile.",
)  # fmt: skip
UPDATE_PROFILE = Operation(
    "user.update_profile", "PATCH", "/users/me", UpdateProfile, Profile,
    errors=(NoSuchUser,), access="user", keyed=True, summary="Change my name or phone number.",
)  # fmt: skip
INTROSPECT = Operation(
    "user.introspect", "POST", "/tokens/introspection", Introspect, Introspection,
    errors=(InvalidToken,), keyed=True, summary="Tell whom a token stands for (RFC 7662).",
)  # fmt: skip
