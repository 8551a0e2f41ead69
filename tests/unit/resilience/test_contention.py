"""The model of the AWS article: clients contend for one row under optimistic concurrency."""

import heapq
from random import Random

import pytest

from msa_lab.resilience.retry import backoff
from msa_lab.sdk.policy import Jitter, Retry
from msa_lab.sdk.values import ms


def calls_until_all_have_written(clients: int, retry: Retry, seed: int) -> int:
    """Reads and writes sent until each client has written once; one way takes |Normal(10, 2)| ms."""
    draw = Random(seed)

    def one_way() -> int:
        return round(abs(draw.gauss(10_000, 2_000)))

    version = 0
    calls = 0
    failed = [0] * clients
    previous = [0] * clients
    queue: list[tuple[int, int, int, str, int]] = []
    for order, client in enumerate(range(clients)):
        heapq.heappush(queue, (one_way(), order, client, "read", 0))
    order = clients
    while queue:
        now, _, client, what, read = heapq.heappop(queue)
        calls += 1
        order += 1
        back_and_forth = one_way() + one_way()
        if what == "read":
            heapq.heappush(queue, (now + back_and_forth, order, client, "write", version))
        elif read == version:
            version += 1
        else:
            failed[client] += 1
            previous[client] = backoff(retry, failed[client], draw, previous[client])
            heapq.heappush(queue, (now + back_and_forth + previous[client], order, client, "read", 0))
    return calls


def contention(jitter: Jitter, seed: int) -> int:
    return calls_until_all_have_written(100, Retry(base=ms(5), cap=ms(2_000), jitter=jitter), seed)


@pytest.mark.parametrize("jitter", ["full", "equal"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_jitter_cuts_the_calls_of_100_clients_by_more_than_half(jitter: Jitter, seed: int) -> None:
    assert contention(jitter, seed) < contention("none", seed) / 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_decorrelated_jitter_needs_about_half_the_calls(seed: int) -> None:
    # Its first pauses, drawn between 5 and 15 ms, are shorter than a round trip.
    assert 0.4 < contention("decorrelated", seed) / contention("none", seed) < 0.6
