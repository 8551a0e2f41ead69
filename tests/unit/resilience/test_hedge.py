from msa_lab.resilience.hedge import HedgeDelay
from msa_lab.sdk.values import Duration


def test_it_waits_for_the_95th_percentile_of_what_it_saw() -> None:
    hedge = HedgeDelay(quantile=0.95, window=1_000, least=100)
    for took in range(100):
        hedge.observe(Duration(took))

    assert hedge.delay() == 95


def test_it_hedges_nothing_until_it_has_seen_enough() -> None:
    hedge = HedgeDelay(least=3)
    hedge.observe(Duration(1))
    hedge.observe(Duration(1))

    assert hedge.delay() is None


def test_it_forgets_what_is_older_than_the_window() -> None:
    hedge = HedgeDelay(quantile=0.5, window=3, least=3)
    for took in (900, 900, 900, 1, 2, 3):
        hedge.observe(Duration(took))

    assert hedge.delay() == 2
