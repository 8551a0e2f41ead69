import dataclasses

import pytest
from pydantic import TypeAdapter, ValidationError

from msa_lab.sdk import Duplicate, Instant, hours, seconds
from msa_lab.sdk.failures import StoreUnavailable
from msa_lab.sdk.testing import FakeContext, run
from services.user import handlers
from services.user.api import (
    BadCredentials,
    EmailTaken,
    Introspect,
    InvalidEmail,
    InvalidToken,
    LogIn,
    LogOut,
    NoSuchUser,
    RegisterUser,
    Session,
    ShowProfile,
    TooManyLogins,
    UpdateProfile,
    UserProfileUpdated,
    UserRegistered,
    WeakPassword,
)
from services.user.handlers import GivenUser, GivenUsers
from services.user.spec import SPEC
from services.user.store import REVOCATIONS, USERS

ALICE = RegisterUser("Alice@Example.org", "correct horse", "Alice")


def shop(subject: str = "") -> FakeContext:
    ctx = FakeContext(SPEC, subject=subject)
    run(handlers.register(ctx, ALICE))
    return ctx


def logged_in(ctx: FakeContext) -> Session:
    return run(handlers.login(ctx, LogIn("alice@example.org", "correct horse")))


def test_who_registers_gets_an_account_and_everybody_hears_of_it() -> None:
    ctx = shop()
    assert [(user.id, user.email, user.roles) for user in ctx.store.all(USERS)] == [
        ("user-1", "alice@example.org", ("user",))
    ]
    assert ctx.published == [UserRegistered("user-1", "alice@example.org", "Alice")]


def test_the_password_is_stored_hashed_and_shown_nowhere() -> None:
    ctx = shop()
    (user,) = ctx.store.all(USERS)
    assert user.password_hash != "correct horse"
    assert "password_hash" in USERS.secret
    assert user.password_hash not in repr(user)
    assert "correct horse" not in repr(ALICE)
    assert "correct horse" not in repr(ctx.published)


def test_an_address_registers_once_however_it_is_spelled() -> None:
    ctx = shop()
    with pytest.raises(EmailTaken):
        run(handlers.register(ctx, RegisterUser(" ALICE@example.ORG", "another horse")))
    assert len(ctx.published) == 1


def test_bad_addresses_and_easy_passwords_are_refused() -> None:
    ctx = FakeContext(SPEC)
    with pytest.raises(InvalidEmail):
        run(handlers.register(ctx, RegisterUser("nobody", "correct horse")))
    with pytest.raises(WeakPassword, match="tried first"):
        run(handlers.register(ctx, RegisterUser("bob@example.org", "password1")))
    assert ctx.store.all(USERS) == []


def test_a_store_that_is_down_is_not_mistaken_for_a_taken_address() -> None:
    ctx = FakeContext(SPEC)
    ctx.store.failures.append(StoreUnavailable())
    with pytest.raises(StoreUnavailable):
        run(handlers.register(ctx, ALICE))
    assert ctx.published == []


def test_the_token_of_a_login_stands_for_the_user() -> None:
    ctx = shop()
    session = logged_in(ctx)
    told = run(handlers.introspect(ctx, Introspect(session.token)))
    assert (told.subject, told.roles) == ("user-1", ("user",))
    assert told.expires_at == session.expires_at == Instant(hours(1))


def test_a_token_ends_with_its_hour() -> None:
    ctx = shop()
    session = logged_in(ctx)
    ctx.clock.instant = session.expires_at
    with pytest.raises(InvalidToken):
        run(handlers.introspect(ctx, Introspect(session.token)))


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer() -> None:
    ctx = shop()
    answers = []
    for email in ("alice@example.org", "nobody@example.org", "no address"):
        with pytest.raises(BadCredentials) as refusal:
            run(handlers.login(ctx, LogIn(email, "wrong horse")))
        answers.append((refusal.value.message, refusal.value.data))
    assert answers[0] == answers[1] == answers[2]


def test_too_many_wrong_passwords_close_the_account_even_for_the_right_one() -> None:
    ctx = shop()
    ctx.config.values["user.login_attempts"] = 2
    for _ in range(2):
        with pytest.raises(BadCredentials):
            run(handlers.login(ctx, LogIn("alice@example.org", "wrong horse")))
    with pytest.raises(TooManyLogins):
        logged_in(ctx)


def test_the_right_password_forgives_earlier_failures() -> None:
    ctx = shop()
    ctx.config.values["user.login_attempts"] = 2
    for _ in range(3):
        with pytest.raises(BadCredentials):
            run(handlers.login(ctx, LogIn("alice@example.org", "wrong horse")))
        logged_in(ctx)


def test_who_logged_out_is_known_no_more() -> None:
    ctx = shop("user-1")
    session = logged_in(ctx)
    assert run(handlers.logout(ctx, LogOut(session.token))).user_id == "user-1"
    with pytest.raises(InvalidToken):
        run(handlers.introspect(ctx, Introspect(session.token)))


def test_nobody_ends_the_session_of_another() -> None:
    ctx = shop("user-2")
    session = logged_in(ctx)
    with pytest.raises(InvalidToken):
        run(handlers.logout(ctx, LogOut(session.token)))
    assert run(handlers.introspect(ctx, Introspect(session.token))).subject == "user-1"


def test_a_revocation_is_kept_while_its_token_lives_and_dropped_after() -> None:
    ctx = shop("user-1")
    run(handlers.logout(ctx, LogOut(logged_in(ctx).token)))
    ctx.clock.instant = Instant(hours(1) - 1)
    run(handlers.forget_revocations(ctx))
    assert len(ctx.store.all(REVOCATIONS)) == 1
    ctx.clock.instant = Instant(hours(2))
    run(handlers.forget_revocations(ctx))
    assert ctx.store.all(REVOCATIONS) == []


def test_a_profile_shows_and_changes_what_is_mine() -> None:
    ctx = shop("user-1")
    changed = run(handlers.update_profile(ctx, UpdateProfile(phone="+32 2 555 01 23")))
    assert (changed.name, changed.phone) == ("Alice", "+32 2 555 01 23")
    assert run(handlers.profile(ctx, ShowProfile())) == changed
    assert ctx.published[1:] == [
        UserProfileUpdated("user-1", "alice@example.org", "Alice", "+32 2 555 01 23")
    ]


def test_changing_nothing_tells_nobody() -> None:
    ctx = shop("user-1")
    run(handlers.update_profile(ctx, UpdateProfile(name="Alice")))
    assert len(ctx.published) == 1


def test_a_user_who_does_not_exist_has_no_profile() -> None:
    ctx = FakeContext(SPEC, subject="user-9")
    with pytest.raises(NoSuchUser):
        run(handlers.profile(ctx, ShowProfile()))
    with pytest.raises(NoSuchUser):
        run(handlers.update_profile(ctx, UpdateProfile(name="Nobody")))


def test_given_users_can_log_in_with_their_roles() -> None:
    ctx = FakeContext(SPEC)
    root = GivenUser("root@example.org", "root", roles=("admin",), id="root")
    run(handlers.give_users(ctx, [root, GivenUser("bob@example.org", "bob")]))
    session = run(handlers.login(ctx, LogIn("root@example.org", "root")))
    assert session.user_id == "root"
    assert run(handlers.introspect(ctx, Introspect(session.token))).roles == ("user", "admin")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([{"email": "bob", "password": "b"}], "not an e-mail address"),
        (
            [{"email": "bob@example.org", "password": "b"}, {"email": "BOB@example.org", "password": "c"}],
            "two users share bob@example.org",
        ),
        (
            [
                {"email": "bob@example.org", "password": "b", "id": "bob"},
                {"email": "rob@example.org", "password": "b", "id": "bob"},
            ],
            "two users share bob",
        ),
        ([{"email": "bob@example.org", "password": "b", "role": "admin"}], "Unexpected keyword argument"),
    ],
)
def test_given_users_that_cannot_be_are_refused_before_the_run(
    given: list[dict[str, str]], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(GivenUsers).validate_python(given)


def test_a_token_from_an_instance_whose_clock_is_ahead_is_good() -> None:
    ctx = shop()
    ctx.clock.instant = Instant(seconds(30))
    session = logged_in(ctx)
    ctx.clock.instant = Instant(0)
    assert run(handlers.introspect(ctx, Introspect(session.token))).subject == "user-1"


def test_the_store_itself_refuses_a_second_account_for_an_address() -> None:
    ctx = shop()
    (user,) = ctx.store.all(USERS)
    with pytest.raises(Duplicate):
        ctx.store.put(USERS, dataclasses.replace(user, id="user-2"))
