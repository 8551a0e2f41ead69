import pytest

from msa_lab.resilience.bulkhead import ConcurrencyLimit
from msa_lab.sdk.policy import Bulkhead


def test_it_refuses_beyond_the_limit_and_takes_in_again_after_a_leave() -> None:
    limit = ConcurrencyLimit(Bulkhead(limit=2))

    assert [limit.enter() for _ in range(3)] == [True, True, False]
    limit.leave()
    assert limit.in_use == 1
    assert limit.enter()


def test_leaving_without_having_entered_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="leave without enter"):
        ConcurrencyLimit(Bulkhead()).leave()
