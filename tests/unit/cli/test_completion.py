import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from msa_lab.cli.app import app
from msa_lab.cli.completion import COMMANDS, OPTIONS, script
from tests.demanding import demand

Msalab = Callable[..., Any]


def options_of(command: Any) -> set[str]:  # noqa: ANN401 - Typer's classes differ from version to version
    """The long options of a command and of those under it."""
    own = {name for it in command.params for name in (*it.opts, *it.secondary_opts) if name.startswith("-")}
    inner = command.commands.values() if isinstance(command, TyperGroup) else ()
    for each in inner:
        own |= options_of(each)
    return own


def test_the_scripts_know_all_commands_and_options() -> None:
    root = get_command(app)
    assert isinstance(root, TyperGroup)

    for name, command in root.commands.items():
        inner = command.commands if isinstance(command, TyperGroup) else {}
        long = sorted(option for option in options_of(command) if option.startswith("--"))
        assert sorted(COMMANDS[name]) == sorted(inner), name
        assert sorted(OPTIONS[name]) == long, name


def completed(tmp_path: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    typed = " ".join(f"'{word}'" for word in ("msalab", *words))
    code = f"""{script("bash")}
COMP_WORDS=({typed}); COMP_CWORD={len(words)}; _msalab; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    result = subprocess.run(  # noqa: S603 - our own script
        [shutil.which("bash") or "bash", "-c", code], capture_output=True, text=True, check=True,
        env={"XDG_CACHE_HOME": str(tmp_path), "HOME": "/nonexistent", "PATH": ""},
    )  # fmt: skip
    assert result.stderr == ""
    return result.stdout.split()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "msalab").mkdir()
    kinds = {"scenario": ["checkout", "flash-sale"], "topology": ["textbook"], "run": ["9f3e01"]}
    kinds |= {"saga": ["ord-0001"], "fault": ["net.loss"]}
    names = "".join(f"{kind} {name}\n" for kind, found in kinds.items() for name in found)
    (tmp_path / "msalab" / "names").write_text(names)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["sc"], ["scenario", "schema"]),
        (["scenario", "ch"], ["checkout"]),
        (["scenario", "li"], ["list", "lint"]),
        (["scenario", "checkout", "--chaos-"], ["--chaos-profile"]),
        (["scenario", "checkout", "--topology", ""], ["textbook"]),
        (["scenario", "checkout", "--log", "n"], ["normal"]),
        (["-C", "elsewhere", "scenario", "fl"], ["flash-sale"]),
        (["saga", "why", ""], ["list", "show", "why", "ord-0001"]),
        (["events", ""], ["9f3e01"]),
        (["schema", "me"], ["metrics"]),
        (["chaos", "show", "net"], ["net.loss"]),
    ],
)
def test_bash_offers_commands_options_and_names(cache: Path, words: list[str], offered: list[str]) -> None:
    assert completed(cache, *words) == offered


def test_without_a_file_of_names_the_fixed_words_are_offered(tmp_path: Path) -> None:
    assert completed(tmp_path, "scenario", "") == ["run", "list", "show", "lint", "record"]


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_the_scripts_are_well_formed(tmp_path: Path, shell: str, check: str) -> None:
    path = tmp_path / "script"
    path.write_text(script(shell))
    program = shutil.which(shell)
    demand("" if program else f"no {shell} here")

    assert subprocess.run([str(program), check, str(path)], capture_output=True, check=False).returncode == 0  # noqa: S603 - our own script


def test_install_writes_the_script_where_the_shell_looks(msalab: Msalab, workspace: Path) -> None:
    home = workspace.parent / "home"

    ended = msalab("completion", "install", "fish")

    assert ended.code == 0
    assert (home / ".config" / "fish" / "completions" / "msalab.fish").read_text() == script("fish")
    assert "scenario tiny\n" in (home / ".cache" / "msalab" / "names").read_text()


def test_a_run_leaves_its_sagas_for_completion(msalab: Msalab, workspace: Path) -> None:
    msalab("scenario", "tiny", "-q")

    names = (workspace.parent / "home" / ".cache" / "msalab" / "names").read_text().splitlines()
    assert "saga ord-0001" in names
    assert [name for name in names if name.startswith("run ")] == [
        f"run {path.name}" for path in (workspace / "runs").iterdir()
    ]


def test_an_unknown_shell_is_refused(msalab: Msalab) -> None:
    assert msalab("completion", "show", "tcsh").code == 2
