"""The fixtures of the live view's tests."""

from tests.tui.staging import feed, log_path, stage

__all__ = ["feed", "log_path", "stage"]
