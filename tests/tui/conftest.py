"""The fixtures of the live view's tests; they are skipped where the extra `tui` is not installed."""

import pytest

pytest.importorskip("textual", reason="the extra `tui` is not installed")

from tests.tui.staging import feed, log_path, stage

__all__ = ["feed", "log_path", "stage"]
