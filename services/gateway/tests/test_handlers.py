from dataclasses import dataclass
from typing import Any

import pytest

from msa_lab.sdk import Caller, DomainError, Instant, Operation, seconds
from msa_lab.sdk.contract import Access
from msa_lab.sdk.failures import InvalidRequest, Timeout
from msa_lab.sdk.testing import FakeContext, run
from services.gateway.api import (
    REQUEST,
    BadRequest,
    EdgeReply,
    EdgeRequest,
    LoginRequired,
    NoSuchOperation,
    RateLimited,
    RoleRequired,
)
from services.gateway.handlers import request
from services.gateway.spec import SPEC
from services.user.api import INTROSPECT, Introspect, Introspection, InvalidToken

ALICE = Introspection("user-1", ("user",), Instant(seconds(3600)))


@dataclass(frozen=True, slots=True)
class Buy:
    sku: str


class SoldOut(DomainError):
    """It is sold out."""


def operation(name: str, access: Access, *, keyed: bool = False) -> Operation[Any, Any]:
    return Operation(name, "POST", "/x", Buy, str, errors=(SoldOut,), access=access, keyed=keyed)


OPERATIONS = (
    operation("shelf.look", "public"),
    operation("shelf.buy", "user", keyed=True),
    operation("shelf.fill", "admin"),
    operation("shelf.audit", "internal"),
    REQUEST,
)


def door() -> FakeContext:
    ctx = FakeContext(SPEC)
    for known in OPERATIONS:
        ctx.operations.known[known.name] = known
        ctx.answers(known, f"{known.name} done")
    ctx.answers(INTROSPECT, ALICE)
    return ctx


def ask(name: str, token: str = "", key: str | None = None, client: str = "") -> EdgeRequest:
    return EdgeRequest(name, {"sku": "KETTLE"}, token, key, client)


def test_a_public_operation_needs_no_token_and_gets_the_arguments_as_they_came() -> None:
    ctx = door()
    assert run(request(ctx, ask("shelf.look"))) == EdgeReply("shelf.look done")
    (call,) = ctx.called
    assert (call.operation, call.request, call.caller) == (
        "shelf.look", {"sku": "KETTLE"}, Caller("gateway", "", ()),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["shelf.steal", "shelf.audit", "gateway.request"])
def test_unknown_internal_and_own_operations_are_not_there_for_the_outside(name: str) -> None:
    ctx = door()
    with pytest.raises(NoSuchOperation, match=name):
        run(request(ctx, ask(name)))
    assert ctx.called == []


def test_without_a_token_a_users_operation_is_refused_before_anybody_is_called() -> None:
    ctx = door()
    with pytest.raises(LoginRequired):
        run(request(ctx, ask("shelf.buy")))
    assert ctx.called == []


def test_who_is_known_is_passed_on_with_subject_and_roles() -> None:
    ctx = door()
    run(request(ctx, ask("shelf.buy", "token-a")))
    assert [call.operation for call in ctx.called] == ["user.introspect", "shelf.buy"]
    assert ctx.called[1].caller == Caller("gateway", "user-1", ("user",))


def test_a_role_that_is_missing_is_refused() -> None:
    ctx = door()
    with pytest.raises(RoleRequired):
        run(request(ctx, ask("shelf.fill", "token-a")))
    assert [call.operation for call in ctx.called] == ["user.introspect"]


def test_a_token_is_checked_once_and_then_known() -> None:
    ctx = door()
    for _ in range(3):
        run(request(ctx, ask("shelf.buy", "token-a")))
    assert [call.operation for call in ctx.called].count("user.introspect") == 1


def test_a_lost_cache_costs_a_check_and_nothing_else() -> None:
    ctx = door()
    run(request(ctx, ask("shelf.buy", "token-a")))
    ctx.cache.values.clear()
    assert run(request(ctx, ask("shelf.buy", "token-a"))) == EdgeReply("shelf.buy done")
    assert [call.operation for call in ctx.called].count("user.introspect") == 2


def test_what_is_cached_gives_no_token_away() -> None:
    ctx = door()
    run(request(ctx, ask("shelf.buy", "token-a")))
    assert "token-a" not in repr(ctx.cache.values)


def test_a_cached_token_is_checked_again_when_it_has_expired() -> None:
    ctx = door()
    run(request(ctx, ask("shelf.buy", "token-a")))
    ctx.clock.instant = ALICE.expires_at
    ctx.answers(INTROSPECT, InvalidToken())
    with pytest.raises(LoginRequired, match="log in again"):
        run(request(ctx, ask("shelf.buy", "token-a")))


def test_an_old_token_does_not_keep_anybody_from_public_operations() -> None:
    ctx = door()
    ctx.answers(INTROSPECT, InvalidToken())
    assert run(request(ctx, ask("shelf.look", "old"))) == EdgeReply("shelf.look done")
    assert ctx.called[-1].caller == Caller("gateway", "", ())


def test_when_nobody_can_check_the_token_the_failure_shows() -> None:
    ctx = door()
    ctx.answers(INTROSPECT, Timeout())
    with pytest.raises(Timeout):
        run(request(ctx, ask("shelf.buy", "token-a")))
    assert [call.operation for call in ctx.called] == ["user.introspect"]


def test_one_request_more_than_the_limit_is_refused_until_the_next_window() -> None:
    ctx = door()
    ctx.config.values["gateway.rate_limit"] = 2
    for _ in range(2):
        run(request(ctx, ask("shelf.buy", "token-a")))
    with pytest.raises(RateLimited) as refusal:
        run(request(ctx, ask("shelf.buy", "token-a")))
    assert refusal.value.data == {"limit": 2}
    assert [call.operation for call in ctx.called].count("shelf.buy") == 2
    ctx.clock.instant = Instant(seconds(1))
    run(request(ctx, ask("shelf.buy", "token-a")))


def test_visitors_are_counted_apart_and_the_unidentified_not_at_all() -> None:
    ctx = door()
    ctx.config.values["gateway.rate_limit"] = 1
    run(request(ctx, ask("shelf.look", client="one")))
    run(request(ctx, ask("shelf.look", client="two")))
    for _ in range(3):
        run(request(ctx, ask("shelf.look")))
    with pytest.raises(RateLimited):
        run(request(ctx, ask("shelf.look", client="one")))


def test_a_limit_of_zero_is_no_limit() -> None:
    ctx = door()
    ctx.config.values["gateway.rate_limit"] = 0
    for _ in range(3):
        run(request(ctx, ask("shelf.look", client="one")))
    assert not [key for key in ctx.cache.values if key.startswith("rate:")]


def test_the_clients_key_travels_under_its_own_name() -> None:
    ctx = door()
    run(request(ctx, ask("shelf.buy", "token-a", key="k1")))
    run(request(ctx, ask("shelf.look", key="k1")))
    assert [call.key for call in ctx.called] == [None, "user-1:k1", None]


def test_without_a_key_each_request_gets_its_own() -> None:
    ctx = door()
    run(request(ctx, ask("shelf.buy", "token-a")))
    run(request(ctx, ask("shelf.buy", "token-a")))
    assert [call.key for call in ctx.called if call.operation == "shelf.buy"] == ["edge-1", "edge-2"]


def test_what_the_business_refuses_comes_through_as_it_is() -> None:
    ctx = door()
    ctx.answers(OPERATIONS[0], SoldOut(sku="KETTLE"))
    with pytest.raises(SoldOut) as refusal:
        run(request(ctx, ask("shelf.look")))
    assert refusal.value.data == {"sku": "KETTLE"}


def test_arguments_that_do_not_fit_are_the_visitors_mistake() -> None:
    ctx = door()
    ctx.answers(OPERATIONS[0], InvalidRequest("sku: missing"))
    with pytest.raises(BadRequest, match="sku: missing"):
        run(request(ctx, ask("shelf.look")))


def test_an_operation_asks_the_user_service_with_the_token_itself() -> None:
    ctx = door()
    run(request(ctx, ask("shelf.buy", "token-a")))
    assert ctx.called[0].request == Introspect("token-a")
