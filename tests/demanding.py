"""What some tests need beside Python: servers and shells that only some machines have."""

from __future__ import annotations

import os

import pytest

VARIABLE = "MSALAB_DEMAND_SERVERS"
"""Set where everything is promised to be there: then nothing may be skipped for want of it."""


def demand(missing: str) -> None:
    """Skip a test because of what is missing here, '' for nothing; fail it where that is promised."""
    if missing and os.environ.get(VARIABLE):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
