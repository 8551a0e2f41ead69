import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from msa_lab.sdk import Context, Duplicate, Setting, Transaction, hours, minutes
from services.user.api import (
    BadCredentials,
    EmailTaken,
    Introspect,
    Introspection,
    InvalidEmail,
    InvalidToken,
    LoggedOut,
    LogIn,
    LogOut,
    NoSuchUser,
    Profile,
    Registered,
    RegisterUser,
    Session,
    ShowProfile,
    TooManyLogins,
    UpdateProfile,
    UserProfileUpdated,
    UserRegistered,
    WeakPassword,
)
from services.user.domain import claims_for, locked_out, normalised_email, roles_of, sign, verify, weakness
from services.user.store import HOUR, REVOCATIONS, USERS, Revocation, User

TOKEN_KEY = Setting("user.token_key", "a-key-for-lessons-and-nothing-else", "Signs the tokens (HS256).")
TOKEN_TTL = Setting("user.token_ttl", hours(1), "How long a token is good.", unit="duration")
LOGIN_ATTEMPTS = Setting("user.login_attempts", 10, "Wrong passwords before the account closes for a while.")
LOCKOUT = Setting("user.lockout", minutes(1), "How long it stays closed.", unit="duration")


def _address(text: str) -> str:
    if normalised_email(text) is None:
        raise ValueError("not an e-mail address")
    return text


@dataclass(frozen=True, slots=True)
class GivenUser:
    """A user under `given: users:`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    email: Annotated[str, AfterValidator(_address)]
    password: Annotated[str, Field(min_length=1, max_length=128)] = field(repr=False)
    name: str = ""
    roles: tuple[Literal["user", "admin"], ...] = ()
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = None


def _apart(given: list[GivenUser]) -> list[GivenUser]:
    seen: dict[str | None, None] = {}
    for user in given:
        for name in (normalised_email(user.email), user.id):
            if name is not None and name in seen:
                raise ValueError(f"two users share {name}")
            seen[name] = None
    return given


GivenUsers = Annotated[list[GivenUser], AfterValidator(_apart)]


async def register(ctx: Context, request: RegisterUser) -> Registered:
    email = normalised_email(request.email)
    if email is None:
        raise InvalidEmail
    fault = weakness(request.password, email)
    if fault is not None:
        raise WeakPassword(fault)
    hashed = await ctx.passwords.hash(request.password)
    name = request.name.strip()
    user = User(ctx.ids.new("user"), email, hashed, name, "", roles_of(()), ctx.clock.now())
    try:
        return await _open(ctx, user)
    except Duplicate:
        raise EmailTaken from None


async def login(ctx: Context, request: LogIn) -> Session:
    email = normalised_email(request.email) or ""
    failures_key = f"login-failures:{email}"
    failures = int(await ctx.cache.get(failures_key) or 0)
    if locked_out(failures, ctx.config.get(LOGIN_ATTEMPTS)):
        raise TooManyLogins
    found = await ctx.store.find(USERS, email=email)
    if not found:
        # As slow as a wrong password, or the time taken would tell who has an account.
        await ctx.passwords.hash(request.password)
    elif await ctx.passwords.verify(request.password, found[0].password_hash):
        if failures:
            await ctx.cache.delete(failures_key)
        return _session(ctx, found[0])
    await ctx.cache.increment(failures_key, ctx.config.get(LOCKOUT))
    raise BadCredentials


async def introspect(ctx: Context, request: Introspect) -> Introspection:
    claims = verify(request.token, ctx.clock.now(), ctx.config.get(TOKEN_KEY))
    if claims is None or await ctx.store.get(REVOCATIONS, claims.token_id) is not None:
        raise InvalidToken
    return Introspection(claims.subject, claims.roles, claims.expires_at)


async def logout(ctx: Context, request: LogOut) -> LoggedOut:
    claims = verify(request.token, ctx.clock.now(), ctx.config.get(TOKEN_KEY))
    if claims is None or claims.subject != ctx.caller.subject:
        raise InvalidToken
    revocation = Revocation(claims.token_id, claims.subject, claims.expires_at // HOUR)

    async def work(tx: Transaction) -> LoggedOut:
        tx.put(REVOCATIONS, revocation)
        return LoggedOut(revocation.user_id)

    return await ctx.store.transact(work)


async def profile(ctx: Context, request: ShowProfile) -> Profile:  # noqa: ARG001 - it asks for nothing
    user = await ctx.store.get(USERS, ctx.caller.subject)
    if user is None:
        raise NoSuchUser
    return _profile(user)


async def update_profile(ctx: Context, request: UpdateProfile) -> Profile:
    subject = ctx.caller.subject

    async def work(tx: Transaction) -> Profile:
        user = await tx.get(USERS, subject)
        if user is None:
            raise NoSuchUser
        changed = dataclasses.replace(
            user,
            name=user.name if request.name is None else request.name,
            phone=user.phone if request.phone is None else request.phone,
        )
        if changed != user:
            tx.put(USERS, changed)
            tx.publish(UserProfileUpdated(user.id, user.email, changed.name, changed.phone))
        return _profile(changed)

    return await ctx.store.transact(work)


async def forget_revocations(ctx: Context) -> None:
    """Drop revocations of tokens that have expired since; looks back a few hours in case runs were missed."""
    this_hour = ctx.clock.now() // HOUR

    async def work(tx: Transaction) -> None:
        for revocation in await tx.find(REVOCATIONS, hour=hour):
            tx.delete(REVOCATIONS, revocation.id)

    for hour in range(this_hour - 3, this_hour):
        if await ctx.store.find(REVOCATIONS, hour=hour, limit=1):
            await ctx.store.transact(work)


async def give_users(ctx: Context, given: Sequence[GivenUser]) -> None:
    for wanted in given:
        email = normalised_email(wanted.email)
        if email is None:
            raise InvalidEmail(f"{wanted.email!r} is not an e-mail address.")
        user_id = wanted.id or ctx.ids.new("user")
        hashed = await ctx.passwords.hash(wanted.password)
        roles = roles_of(wanted.roles)
        user = User(user_id, email, hashed, wanted.name.strip(), "", roles, ctx.clock.now())
        await _open(ctx, user)


async def _open(ctx: Context, user: User) -> Registered:
    async def work(tx: Transaction) -> Registered:
        tx.insert(USERS, user)
        tx.publish(UserRegistered(user.id, user.email, user.name))
        return Registered(user.id)

    return await ctx.store.transact(work)


def _session(ctx: Context, user: User) -> Session:
    now = ctx.clock.now()
    claims = claims_for(ctx.ids.new("token"), user.id, user.roles, now, ctx.config.get(TOKEN_TTL))
    return Session(sign(claims, now, ctx.config.get(TOKEN_KEY)), user.id, claims.expires_at)


def _profile(user: User) -> Profile:
    return Profile(user.id, user.email, user.name, user.phone, user.roles)
