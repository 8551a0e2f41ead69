"""What all tests may ask for; the tiny shop itself is in `tests.builders`."""

from __future__ import annotations

import pytest

from tests.builders import Stage


@pytest.fixture
def stage() -> Stage:
    """The tiny shop, unhurt, at T+0."""
    return Stage()
