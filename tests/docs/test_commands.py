"""What the README and docs/ show being typed is typed, in an empty directory, and ends as they say.

A command is a line `$ msalab ...` in a ```console block; those of one block are typed in turn. Each must exit
with 0, or with N where `# exit N` ends the line. The other lines show output and are not compared.

A block after the line `<!-- file: NAME -->` is a file that the commands after it find in their directory;
after `<!-- more: NAME -->` it is what the reader adds at the file's end.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(
    r"^<!-- (?P<how>file|more): (?P<name>[\w./-]+) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
COMMAND = re.compile(r"^\$ msalab(?P<arguments> .*?)?(?: +# exit (?P<code>\d+))?$", re.MULTILINE)


def commands(page: str) -> Iterator[list[tuple[str, int]]]:
    """The commands of each block that has any, with their exit codes."""
    for block in BLOCK.finditer(page):
        shown = [
            ((command["arguments"] or "").strip(), int(command["code"] or 0))
            for command in COMMAND.finditer(block["lines"])
        ]
        if shown:
            yield shown


def files(page: str) -> dict[str, str]:
    """The files that a page shows, by name, as they stand at its end."""
    found: dict[str, str] = {}
    for file in FILE.finditer(page):
        before = found.get(file["name"], "") if file["how"] == "more" else ""
        found[file["name"]] = before + file["text"]
    return found


def blocks(page: str) -> Iterator[tuple[dict[str, str], list[tuple[str, int]]]]:
    """The blocks of commands, each with the files shown before it."""
    for block in BLOCK.finditer(page):
        for shown in commands(block[0]):
            yield files(page[: block.start()]), shown


SHOWN = [
    pytest.param(shown, block, id=f"{page.relative_to(ROOT)}: msalab {block[0][0]}")
    for page in PAGES
    for shown, block in blocks(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("shown", "block"), SHOWN)
def test_shown_commands_end_as_shown(
    shown: dict[str, str], block: list[tuple[str, int]], tmp_path: Path
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MSALAB_")}
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    place = tmp_path / "here"
    place.mkdir()
    for name, text in shown.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")

    for arguments, code in block:
        result = subprocess.run(  # noqa: S603 - the commands are ours
            [sys.executable, "-P", "-m", "msa_lab", *shlex.split(arguments)],
            cwd=place,
            env=clean | homes,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

        assert result.returncode == code, f"msalab {arguments}\n{result.stdout}{result.stderr}"
        assert "Traceback" not in result.stderr


PAGE = """
```console
$ msalab scenario checkout --chaos  # exit 1
✗ FAILED
$ ls
$ msalab version
```
$ msalab outside a block
```console
$ python3 -m venv .venv && .venv/bin/msalab version
```
"""


def test_commands_are_found_with_their_exit_codes() -> None:
    assert list(commands(PAGE)) == [[("scenario checkout --chaos", 1), ("version", 0)]]


def test_a_block_finds_the_files_shown_before_it() -> None:
    page = """
<!-- file: scenarios/tea.yaml -->
```yaml
id: tea
```
```console
$ msalab scenario tea
```
<!-- more: scenarios/tea.yaml -->
```yaml
title: Tea
```
"""

    assert list(blocks(page)) == [({"scenarios/tea.yaml": "id: tea\n"}, [("scenario tea", 0)])]
    assert files(page) == {"scenarios/tea.yaml": "id: tea\ntitle: Tea\n"}


def test_the_readme_opens_with_two_commands_and_the_check_runs_the_second() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    typed = re.findall(r"^\$ (python3 .*)$", readme, re.MULTILINE)

    assert [line.rsplit(" && ", 1)[1] for line in typed] == [
        ".venv/bin/msalab scenario checkout --chaos",
        ".venv/bin/nox",
    ]
    assert f"    {typed[1]}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]

    assert [target for target in targets if not (page.parent / target).exists()] == []
