"""A workspace's own service stands in for the shipped one, and its errors are reported as its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import services

SHIPPED = Path(next(iter(services.__path__)))
BROKEN = """

async def reserve(ctx: Context, request: ReserveStock) -> StockReserved:
    raise KeyError("shelf 9")
"""


def play(workspace: Path) -> subprocess.CompletedProcess[str]:
    """Play the checkout from a workspace in a process of its own: an overlay changes what is imported."""
    command = [sys.executable, "-m", "msa_lab", "scenario", "checkout", "-q", "--ui", "plain"]
    environment = {**os.environ, "PYTHONPATH": str(SHIPPED.parent)}
    return subprocess.run(  # noqa: S603 - this Python, our own program
        command, cwd=workspace, capture_output=True, text=True, check=False, env=environment
    )


def test_an_overlay_replaces_a_service(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "inventory", tmp_path / "services" / "inventory")

    ended = play(tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert "PASSED" in ended.stdout


def test_an_error_in_its_code_is_told_as_its_own(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "inventory", tmp_path / "services" / "inventory")
    handlers = tmp_path / "services" / "inventory" / "handlers.py"
    text = handlers.read_text(encoding="utf-8").replace("async def reserve(", "async def reserve_before(")
    handlers.write_text(text + BROKEN, encoding="utf-8")
    line = len(handlers.read_text(encoding="utf-8").splitlines())

    ended = play(tmp_path)

    assert ended.returncode == 3
    said = " ".join(ended.stderr.split())
    assert said == f"error: service inventory: {handlers}:{line}, in reserve: KeyError: 'shelf 9'"


def test_a_name_that_others_miss_in_its_api_is_told_as_its_own(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "order", tmp_path / "services" / "order")
    api = tmp_path / "services" / "order" / "api.py"
    text = api.read_text(encoding="utf-8")
    assert "class OrderReturned" in text
    for file in api.parent.glob("*.py"):  # its author knows where it was used at home
        renamed = file.read_text(encoding="utf-8").replace("OrderReturned", "OrderCameBack")
        file.write_text(renamed, encoding="utf-8")

    ended = play(tmp_path)

    said = " ".join(ended.stderr.split())
    assert (ended.returncode, "Traceback" in said) == (3, False), ended
    assert said.startswith(f"error: service order: {api}: has no OrderReturned, which is needed at ")
    assert str(SHIPPED / "inventory") in said
