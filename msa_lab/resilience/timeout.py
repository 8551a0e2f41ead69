"""Timeouts of single tries within the deadline of the whole."""

from __future__ import annotations

from msa_lab.sdk.values import Duration, Instant


def try_timeout(timeout: Duration, deadline: Instant | None, now: Instant) -> Duration:
    """Give how long one try may take: its own timeout, but never past the deadline.

    0 means that the deadline has passed: do not send, fail with `DeadlineExceeded`.
    """
    if deadline is None:
        return timeout
    left = deadline - now
    if left >= timeout:
        return timeout
    return Duration(max(0, left))
