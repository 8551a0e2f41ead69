"""Writes log hashes into a ledger, so that `nox -s determinism` can compare several Pythons."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def record_hash(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Call it with the log hash of the run that the test played; once a test (a parametrised case is one)."""
    ledger = os.environ.get("LOG_HASH_LEDGER")

    def record(log_hash: str) -> None:
        if ledger is not None:
            with Path(ledger).open("a", encoding="utf-8") as lines:
                lines.write(f"{request.node.nodeid} {log_hash}\n")

    return record
