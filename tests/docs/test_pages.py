"""The reference pages that are generated are current; what the others claim about names is true."""

import re
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from msa_lab.scenario import scenario_schema
from msa_lab.topology import PATTERNS
from msa_lab.topology.fileform import topology_schema

ROOT = Path(__file__).parents[2]
GENERATED: Mapping[Path, str] = runpy.run_path(str(ROOT / "docs" / "write_pages.py"))["pages"]()
CONCEPTS = sorted((ROOT / "docs" / "concepts").glob("*.md"))
NAMED = re.compile(r"^ *doc: (\S+)$", re.MULTILINE)


@pytest.mark.parametrize("page", GENERATED, ids=lambda page: page.name)
def test_a_generated_page_is_current(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == GENERATED[page], "write it anew: python docs/write_pages.py"


@pytest.mark.parametrize("file", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda file: file.name)
def test_every_page_that_an_expectation_names_exists(file: Path) -> None:
    named = NAMED.findall(file.read_text(encoding="utf-8"))

    assert [page for page in named if not (ROOT / page).is_file()] == []


def test_the_scenarios_do_name_pages() -> None:
    assert "docs/concepts/idempotency.md" in NAMED.findall(
        (ROOT / "scenarios" / "invariants.yaml").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("page", CONCEPTS, ids=lambda page: page.name)
def test_a_concept_says_what_breaks_which_switch_breaks_it_and_what_to_read_next(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["In the shop", "The switch", "See it break", "What names it", "Read next"]
    assert "$ msalab scenario " in text


@pytest.mark.parametrize("page", CONCEPTS, ids=lambda page: page.name)
def test_the_switches_and_expectations_that_a_concept_names_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    files = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "scenarios").glob("*.yaml")))
    known = re.findall(r"^ *- id: (\S+)$", files, re.MULTILINE)

    section = text.partition("## What names it")[2].partition("## ")[0]
    expectations = re.findall(r"^- `([a-z-]+)`", section, re.MULTILINE)
    assert expectations
    assert [name for name in expectations if name not in known] == []
    assert [
        name for name in re.findall(r"`(?:patterns\.)?([a-z_]+): [a-z-]+`", text) if name not in PATTERNS
    ] == []


def parts(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Each mapping of a schema that has keys of its own, by its title, the whole file first."""
    found = {"": schema, **schema["$defs"]}
    return {name: part for name, part in found.items() if part.get("properties") and name != "fault"}


def rows(page: Path) -> dict[str, dict[str, str]]:
    """The table of each section marked `<!-- part: NAME -->`: its keys, and what it says of needing them."""
    found: dict[str, dict[str, str]] = {}
    for section in re.split(r"^##+ ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        part = re.search(r"<!-- part: (\S*) -->", section)
        if part:
            cells = re.findall(r"^\| `(\S+)` \| ([^|]*) \|", section, re.MULTILINE)
            found[part[1].strip('"')] = {key: needed.strip() for key, needed in cells}
    return found


@pytest.mark.parametrize(
    ("name", "schema"),
    [("scenario-file.md", scenario_schema()), ("topology-file.md", topology_schema())],
    ids=["scenario", "topology"],
)
def test_a_file_reference_has_every_key_of_the_schema_and_says_which_are_needed(
    name: str, schema: Mapping[str, Any]
) -> None:
    wanted = {
        part: {key: "yes" if key in form.get("required", ()) else "" for key in form["properties"]}
        for part, form in parts(schema).items()
    }

    assert rows(ROOT / "docs" / "reference" / name) == wanted


def test_every_page_can_be_reached_from_the_index() -> None:
    docs = ROOT / "docs"
    reached, ahead = {docs / "index.md"}, [docs / "index.md"]
    while ahead:
        page = ahead.pop()
        for link in re.findall(r"\]\(([^):#]+\.md)", page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            if target.is_file() and target not in reached:
                reached.add(target)
                ahead.append(target)

    pages = [page for page in sorted(docs.rglob("*.md")) if page.parent.name not in ("adr", "changes.d")]
    assert [str(page.relative_to(docs)) for page in pages if page not in reached] == []
