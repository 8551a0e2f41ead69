import pytest

from msa_lab.resilience.timeout import try_timeout
from msa_lab.sdk.values import Instant, ms


@pytest.mark.parametrize(
    ("deadline", "now", "expected"),
    [
        (None, 0, 100_000),
        (Instant(500_000), 0, 100_000),
        (Instant(500_000), 400_000, 100_000),
        (Instant(500_000), 450_000, 50_000),
        (Instant(500_000), 500_000, 0),
        (Instant(500_000), 600_000, 0),
    ],
)
def test_a_try_never_outlives_the_deadline(deadline: Instant | None, now: int, expected: int) -> None:
    assert try_timeout(ms(100), deadline, Instant(now)) == expected
