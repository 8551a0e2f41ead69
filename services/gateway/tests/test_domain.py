import pytest
from hypothesis import given
from hypothesis import strategies as st

from msa_lab.sdk.values import Instant, seconds
from services.gateway.domain import NOBODY, Visitor, admit, read, window, written

ALICE = Visitor("user-1", ("user",), Instant(100))
ROOT = Visitor("root", ("user", "admin"), Instant(100))


@pytest.mark.parametrize(
    ("access", "visitor", "verdict"),
    [
        ("public", NOBODY, "pass"),
        ("public", ALICE, "pass"),
        ("user", NOBODY, "log in first"),
        ("user", ALICE, "pass"),
        ("admin", NOBODY, "log in first"),
        ("admin", ALICE, "not your role"),
        ("admin", ROOT, "pass"),
    ],
)
def test_access_rules(access: str, visitor: Visitor, verdict: str) -> None:
    assert admit(access, visitor) == verdict


@given(
    st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True),
    st.lists(st.sampled_from(["user", "admin"]), max_size=2),
    st.integers(1, 10**15),
)
def test_a_visitor_is_read_as_written(subject: str, roles: list[str], expiry: int) -> None:
    visitor = Visitor(subject, tuple(roles), Instant(expiry))
    assert read(written(visitor), Instant(expiry - 1)) == visitor


def test_an_expired_visitor_is_not_read() -> None:
    assert read(written(ALICE), Instant(100)) is None


def test_windows_meet_without_gap_or_overlap() -> None:
    assert window(Instant(999_999), seconds(1)) == 0
    assert window(Instant(1_000_000), seconds(1)) == 1
