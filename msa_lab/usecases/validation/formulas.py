"""Closed forms of queueing theory. Times are in units of the mean service time unless a rate is given.

Textbook numbers are those of Kleinrock, "Queueing Systems", volume 1 (Wiley, 1975).
"""

from __future__ import annotations

import math


def mm1_mean(rho: float) -> float:
    """Mean time in an M/M/1 system: 1 / (1 - rho) (Kleinrock, 3.26)."""
    return 1 / (1 - rho)


def mm1_quantile(rho: float, share: float) -> float:
    """Quantile of the time in an M/M/1 system: P(T > t) = exp(-(1 - rho) t) (Kleinrock, 5.119)."""
    return -math.log(1 - share) / (1 - rho)


def erlang_b(servers: int, load: float) -> float:
    """Share refused by M/M/c/c, load a in erlangs (Erlang, 1917).

    B(0) = 1 and B(k) = a B(k-1) / (k + a B(k-1)).
    """
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(servers: int, rho: float) -> float:
    """Share that must wait in M/M/c: C = B / (1 - rho (1 - B)) (Erlang, 1917)."""
    blocked = erlang_b(servers, servers * rho)
    return blocked / (1 - rho * (1 - blocked))


def mmc_wait(servers: int, rho: float) -> float:
    """Mean wait in M/M/c: C / (c (1 - rho)) (Kleinrock, 3.41 with Little's law)."""
    return erlang_c(servers, rho) / (servers * (1 - rho))


def mmc_wait_quantile(servers: int, rho: float, share: float) -> float:
    """Quantile of the wait in M/M/c: P(W > t) = C exp(-c (1 - rho) t); 0 when so many do not wait at all."""
    waiting = erlang_c(servers, rho)
    return max(0.0, math.log(waiting / (1 - share)) / (servers * (1 - rho)))


def bounded_shares(rho: float, room: int) -> list[float]:
    """Share of time with 0 ... K requests in M/M/1/K: rho^n over the sum of these (Kleinrock, 3.19)."""
    weights = [rho**n for n in range(room + 1)]
    total = sum(weights)
    return [weight / total for weight in weights]


def bounded_blocked(rho: float, room: int) -> float:
    """Share refused by M/M/1/K: arrivals see time averages (Wolff, 1982), so it is the share of time full."""
    return bounded_shares(rho, room)[room]


def bounded_mean(rho: float, room: int) -> float:
    """Mean time in M/M/1/K of those taken: Little's law, L / (lambda (1 - blocked))."""
    shares = bounded_shares(rho, room)
    inside = sum(n * share for n, share in enumerate(shares))
    return inside / (rho * (1 - shares[room]))


def mg1_wait(rho: float, variation: float) -> float:
    """Mean wait in M/G/1: rho (1 + CV^2) / (2 (1 - rho)) (Pollaczek, 1930; Khinchine, 1932)."""
    return rho * (1 + variation * variation) / (2 * (1 - rho))


def choices_limit(rho: float, choices: int) -> float:
    """Mean time with the least loaded of d random servers, their number to infinity.

    The sum over i >= 1 of rho^((d^i - d)/(d - 1)) (Vvedenskaya, Dobrushin and Karpelevich, 1996;
    Mitzenmacher, 2001).
    """
    if choices == 1:
        return mm1_mean(rho)
    total, i = 0.0, 1
    while True:
        term: float = rho ** ((choices**i - choices) / (choices - 1))
        total += term
        i += 1
        if term < 1e-12:  # noqa: PLR2004 - far below any interval
            return total


def shortest_of_two_servers(rho: float, longest: int = 60) -> float:
    """Mean time with two servers, each request to the shorter queue, ties by a fair coin.

    The balance equations of the chain of both queue lengths, cut at `longest`, solved by Gauss and Seidel's
    iteration; no simulation. Two choices out of two servers are this policy (Haight, 1958).
    """
    arriving = 2 * rho
    lengths = range(longest + 1)
    shares = {(long, short): (rho / 2) ** (long + short) for long in lengths for short in range(long + 1)}
    moved = 1.0
    while moved > 1e-10:  # noqa: PLR2004 - far below any interval
        moved = 0.0
        for state, old in shares.items():
            long, short = state
            leaving = (arriving if short < longest else 0) + (long > 0) + (short > 0)
            shares[state] = _entering(shares, long, short, arriving) / leaving
            moved += abs(shares[state] - old)
        total = math.fsum(shares.values())
        shares = {state: share / total for state, share in shares.items()}
        moved /= total
    inside = math.fsum((long + short) * share for (long, short), share in shares.items())
    return inside / arriving


def _entering(shares: dict[tuple[int, int], float], long: int, short: int, arriving: float) -> float:
    """Give the flow into a state of two queues: an arrival to the shorter one, or a service ended."""
    arrival = shares.get((long, short - 1), 0.0)
    if long == short + 1:
        arrival += shares[short, short]
    either = 2 if long == short + 1 else 1
    done = shares.get((long + 1, short), 0.0)
    if short < long:
        done += either * shares[long, short + 1]
    return arriving * arrival + done


def harmonic(n: int) -> float:
    """Mean of the longest of n exponentials of mean 1: 1 + 1/2 + ... + 1/n (Renyi, 1953)."""
    return sum(1 / k for k in range(1, n + 1))


def touched_by_tail(share: float, n: int) -> float:
    """Share of requests to n parts that meet a slow one: 1 - (1 - p)^n (Dean and Barroso, CACM 2013)."""
    return 1 - (1 - share) ** n


def tries(failing: float, attempts: int) -> float:
    """Mean number of tries when each fails with probability p: (1 - p^attempts) / (1 - p)."""
    return float(attempts) if failing == 1 else (1 - failing**attempts) / (1 - failing)


def recovered(failing: float, attempts: int) -> float:
    """Share that succeeds within so many tries: 1 - p^attempts."""
    return 1 - failing**attempts
