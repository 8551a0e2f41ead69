from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest

from msa_lab.errors import UserMistake
from msa_lab.resilience.balancing import BALANCINGS, LeastLoaded, TwoChoices, balancer


@dataclass
class Server:
    name: str
    in_flight: int = 0


def servers(*loads: int) -> list[Server]:
    return [Server("abcdefgh"[index], load) for index, load in enumerate(loads)]


@pytest.mark.parametrize("name", BALANCINGS)
def test_every_way_reaches_every_idle_server_alike(name: str) -> None:
    choose = balancer(name, Random(1))
    candidates = servers(0, 0, 0)

    counts = Counter(choose.choose(candidates).name for _ in range(3_000))

    assert all(900 < counts[server] < 1_100 for server in "abc")


@pytest.mark.parametrize("name", BALANCINGS)
def test_one_server_is_chosen(name: str) -> None:
    assert balancer(name, Random(1)).choose(servers(5)).name == "a"


def test_round_robin_goes_in_turn() -> None:
    choose = balancer("round-robin", Random(1))

    assert "".join(choose.choose(servers(9, 0, 0)).name for _ in range(5)) == "abcab"


def test_round_robin_survives_a_server_that_goes() -> None:
    choose = balancer("round-robin", Random(1))
    for _ in range(3):
        choose.choose(servers(0, 0, 0))

    assert choose.choose(servers(0)).name == "a"


def test_least_loaded_takes_the_idlest() -> None:
    assert LeastLoaded().choose(servers(3, 1, 2)).name == "b"


def test_two_choices_never_takes_the_most_loaded_of_distinct_servers() -> None:
    choose = TwoChoices(Random(1))

    counts = Counter(choose.choose(servers(0, 1, 2)).name for _ in range(3_000))

    # a wins both of its three pairs, b the one without a; with replacement c would win a ninth
    assert counts["c"] == 0
    assert 1_900 < counts["a"] < 2_100


def test_an_unknown_way_is_a_mistake() -> None:
    with pytest.raises(UserMistake, match=r"balancing sticky: choose one of random, round-robin"):
        balancer("sticky", Random(1))
