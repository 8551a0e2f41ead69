import hashlib
from collections.abc import Mapping
from typing import Any

from msa_lab.sdk import Caller, Context, Duration, Operation, Setting, seconds
from msa_lab.sdk.failures import InvalidRequest
from services.gateway.api import (
    BadRequest,
    EdgeReply,
    EdgeRequest,
    LoginRequired,
    NoSuchOperation,
    RateLimited,
    RoleRequired,
)
from services.gateway.domain import NOBODY, Visitor, admit, read, window, written
from services.user.api import INTROSPECT, Introspect, InvalidToken

RATE_LIMIT = Setting("gateway.rate_limit", 200, "Requests of one visitor in one window; 0: no limit.")
RATE_WINDOW = Setting("gateway.rate_window", seconds(1), "The length of that window.", unit="duration")
TOKEN_TTL = Setting("gateway.token_ttl", seconds(30), "How long a checked token is trusted.", unit="duration")


async def request(ctx: Context, asked: EdgeRequest) -> EdgeReply:
    operation = _operation(ctx, asked.operation)
    visitor = await _visitor(ctx, asked.token, operation)
    verdict = admit(operation.access, visitor)
    if verdict == "log in first":
        raise LoginRequired
    if verdict == "not your role":
        raise RoleRequired
    await _count(ctx, visitor.subject or asked.client)
    try:
        body = await ctx.call(
            operation,
            asked.arguments,
            key=_key(ctx, operation, visitor, asked),
            caller=Caller("gateway", visitor.subject, visitor.roles),
        )
    except InvalidRequest as refusal:
        raise BadRequest(str(refusal)) from None
    return EdgeReply(body)


def _operation(ctx: Context, name: str) -> Operation[Mapping[str, Any], Any]:
    operation = ctx.operations.find(name)
    if operation is None or operation.access == "internal" or operation.service == ctx.service:
        raise NoSuchOperation(f"The shop has no operation {name!r} for the outside.")
    return operation


async def _visitor(ctx: Context, token: str, operation: Operation[Any, Any]) -> Visitor:
    """Tell who is there. Checking costs a call, so what was checked is kept by the token's digest."""
    if not token:
        return NOBODY
    cache_key = "token:" + hashlib.sha256(token.encode()).hexdigest()[:32]
    known = await ctx.cache.get(cache_key)
    if known is not None:
        visitor = read(known, ctx.clock.now())
        if visitor is not None:
            return visitor
    try:
        told = await ctx.call(INTROSPECT, Introspect(token))
    except InvalidToken:
        if operation.access == "public":
            return NOBODY  # an old token must not keep anybody from logging in again
        raise LoginRequired("Your token is not valid any more; log in again.") from None
    visitor = Visitor(told.subject, told.roles, told.expires_at)
    trusted_for = min(ctx.config.get(TOKEN_TTL), told.expires_at - ctx.clock.now())
    if trusted_for > 0:
        await ctx.cache.set(cache_key, written(visitor), Duration(trusted_for))
    return visitor


async def _count(ctx: Context, visitor: str) -> None:
    """Refuse who came too often in this window. Whoever cannot be told apart is not counted."""
    limit = ctx.config.get(RATE_LIMIT)
    if not visitor or not limit:
        return
    length = ctx.config.get(RATE_WINDOW)
    count = await ctx.cache.increment(f"rate:{visitor}:{window(ctx.clock.now(), length)}", length)
    if count > limit:
        raise RateLimited(limit=limit)


def _key(ctx: Context, operation: Operation[Any, Any], visitor: Visitor, asked: EdgeRequest) -> str | None:
    """Give the idempotency key: the client's, under its own name, or a fresh one for our own retries."""
    if not operation.keyed:
        return None
    if asked.key is None:
        return ctx.ids.new("edge")
    return f"{visitor.subject or asked.client}:{asked.key}"
