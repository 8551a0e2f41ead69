"""Completion for shells: scripts that start no Python, with names from a cache file."""

from __future__ import annotations

from pathlib import Path


def remember(runs: Path) -> None:
    """Keep the names of runs and files for completion; a machine that refuses is left alone."""
    del runs
