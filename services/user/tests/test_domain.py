import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msa_lab.sdk.values import Instant, minutes, seconds
from services.user.domain import (
    Claims,
    claims_for,
    locked_out,
    normalised_email,
    roles_of,
    sign,
    verify,
    weakness,
)

KEY = "a-key-that-is-long-enough-for-sha256"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("alice@example.org", "alice@example.org"),
        ("  Alice@EXAMPLE.org ", "alice@example.org"),
        ("a.b+shop@mail.example.co.uk", "a.b+shop@mail.example.co.uk"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        ("x@m\u00fcnchen.example", "x@m\u00fcnchen.example"),
    ],
)
def test_spellings_of_one_address_are_stored_alike(typed: str, stored: str) -> None:
    assert normalised_email(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "", "alice", "@example.org", "alice@", "alice@localhost", "alice@-x.org", "a b@example.org",
        ".a@example.org", "a..b@example.org", "a@example..org", "a@b@example.org", "a" * 65 + "@example.org",
        "alice@" + "x" * 64 + ".org", "alice@" + "x." * 130 + "org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    assert normalised_email(typed) is None


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing_more(typed: str) -> None:
    once = normalised_email(f"{typed}@example.org")
    assert once is None or normalised_email(once) == once


@pytest.mark.parametrize("password", ["password", "PASSWORD", "12345678", "aaaaaaaa", "alice@example.org"])
def test_an_easy_password_is_refused_with_a_reason(password: str) -> None:
    assert weakness(password, "alice@example.org") is not None


def test_a_password_equal_to_the_name_in_the_address_is_refused() -> None:
    assert weakness("Alexandra", "alexandra@example.org") == "The password repeats the e-mail address."


def test_a_good_password_is_taken() -> None:
    assert weakness("correct horse", "alice@example.org") is None


def test_everybody_is_a_user_and_roles_keep_their_order() -> None:
    assert roles_of(()) == ("user",)
    assert roles_of(("admin", "user", "admin")) == ("user", "admin")


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown role 'root'"):
        roles_of(("root",))


def test_the_account_closes_at_the_number_of_failures_allowed() -> None:
    assert not locked_out(2, 3)
    assert locked_out(3, 3)


def token_at(now: Instant) -> str:
    return sign(claims_for("tok-1", "user-1", ("user",), now, minutes(1)), now, KEY)


def test_a_token_says_who_may_do_what_and_until_when() -> None:
    claims = verify(token_at(Instant(1_500_000)), Instant(2_000_000), KEY)
    assert claims == Claims("tok-1", "user-1", ("user",), Instant(62_000_000))


def test_a_token_is_good_to_the_last_microsecond_and_no_longer() -> None:
    token = token_at(Instant(0))
    assert verify(token, Instant(seconds(60) - 1), KEY) is not None
    assert verify(token, Instant(seconds(60)), KEY) is None


def test_a_token_signed_with_another_key_is_refused() -> None:
    assert verify(token_at(Instant(0)), Instant(0), "another-key-that-is-long-enough-too") is None


def test_a_changed_token_is_refused() -> None:
    header, payload, signature = token_at(Instant(0)).split(".")
    other = payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB")
    assert verify(f"{header}.{other}.{signature}", Instant(0), KEY) is None


def test_an_unsigned_token_is_refused() -> None:
    claims = {"iss": "msa-lab", "sub": "user-1", "exp": 60, "jti": "tok-1", "roles": ["admin"]}
    assert verify(jwt.encode(claims, "", algorithm="none"), Instant(0), KEY) is None


@pytest.mark.parametrize(
    "change",
    [{"iss": "another-shop"}, {"exp": "soon"}, {"jti": 7}, {"roles": "admin"}, {"sub": None}, {"exp": None}],
)
def test_a_token_of_ours_with_odd_claims_is_refused(change: dict[str, object]) -> None:
    ours: dict[str, object] = {
        "iss": "msa-lab",
        "sub": "user-1",
        "exp": 60,
        "jti": "tok-1",
        "roles": ["user"],
    }
    odd = {name: value for name, value in (ours | change).items() if value is not None}
    assert verify(jwt.encode(odd, KEY, algorithm="HS256"), Instant(0), KEY) is None


@given(st.text(max_size=60))
def test_any_other_text_is_no_token(text: str) -> None:
    assert verify(text, Instant(0), KEY) is None
