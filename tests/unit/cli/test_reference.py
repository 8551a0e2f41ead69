import re
from pathlib import Path
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from msa_lab.cli.app import app

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")


def test_the_page_names_every_command() -> None:
    tree = re.findall(r"^(?:├─|└─|│ +)(.*)$", PAGE, re.MULTILINE)
    root = get_command(app)
    assert isinstance(root, TyperGroup)

    words = " ".join(tree).split()
    named = [*root.commands]
    for command in root.commands.values():
        named += [name for name in getattr(command, "commands", {}) if name != "run"]
    assert [name for name in named if name not in words] == []


def options_of(command: Any) -> set[str]:  # noqa: ANN401 - Typer's classes differ from version to version
    own = {name for it in command.params for name in (*it.opts, *it.secondary_opts) if name.startswith("-")}
    for inner in getattr(command, "commands", {}).values():
        own |= options_of(inner)
    return own


def test_the_page_names_every_option_and_no_other() -> None:
    named = set(re.findall(r"(?<![\w-])(--?[a-zA-Z][a-z-]*)", PAGE))
    there = options_of(get_command(app)) | {"-h", "--help"}

    assert sorted(there - named - {"-r"}) == []
    assert sorted(named - there) == []
