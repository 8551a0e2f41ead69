import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from msa_lab.cli.app import app
from msa_lab.cli.completion import COMMANDS
from msa_lab.cli.welcome import WELCOME

ROOT = Path(__file__).parents[3]
HEAVY = {"simpy", "yaml", "msgspec", "services", "rich", "asyncio"}


def loaded(*arguments: str) -> Iterator[str]:
    """The modules that a command line loads."""
    result = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-X", "importtime", "-m", "msa_lab", *arguments],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    for line in result.stderr.splitlines():
        name = line.rpartition("|")[2].strip()
        yield name.partition(".")[0]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_loads_no_library(arguments: list[str]) -> None:
    assert {"typer", "click", "pydantic", *HEAVY} & {*loaded(*arguments)} == set()


@pytest.mark.parametrize(
    "arguments",
    [["scenario", "--help"], ["scenario", "run", "-h"], ["version"], ["completion", "show", "bash"]],
)
def test_what_plays_nothing_loads_nothing_heavy(arguments: list[str]) -> None:
    # Some versions of Typer load pydantic, others rich.
    assert (HEAVY - {"rich"}) & {*loaded(*arguments)} == set()


def test_help_leads_with_three_examples() -> None:
    before, _, after = WELCOME.partition("Usage:")

    assert re.findall(r"^  msalab (\w+)", before, re.MULTILINE) == ["scenario", "scenario", "saga"]
    assert all(len(line) <= 80 for line in (before + after).splitlines())


def test_help_names_every_command_and_no_other() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    listed = WELCOME.partition("Play\n")[2].partition("Options\n")[0]

    assert sorted(re.findall(r"^  (\w+)  ", listed.replace(" NAME|FILE", "  "), re.MULTILINE)) == (
        sorted(group.commands)
    )
    assert sorted(COMMANDS) == sorted(group.commands)
