"""The reference page of the view against the program: every key, every name of a key, every screen."""

import re
from pathlib import Path

from textual.binding import Binding

from msa_lab.tui.app import of_screens
from msa_lab.tui.keys import KEYS, SCREENS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "live-view.md"


def part(begin: str, end: str) -> str:
    told = PAGE.read_text("utf-8")
    return told[told.index(begin) : told.index(end)]


def written(binding: Binding) -> set[str]:
    """Give the ways in which a key is written."""
    return set((binding.key_display or binding.key).split())


def own() -> list[Binding]:
    return [binding for screen in of_screens() for binding in screen]


def test_every_screen_is_in_the_table() -> None:
    rows = re.findall(r"^\| `(\d)` \| (\w+) \|", part("## Screens", "## Keys"), re.MULTILINE)

    assert rows == [(str(number), title) for number, (_, title) in enumerate(SCREENS, start=1)]


def test_every_key_is_told() -> None:
    told = {key.replace("\\|", "|") for key in re.findall(r"`([^`]+)`", part("## Keys", "## Break it"))}
    arrows = {"←→↑↓", "k", "j", "enter"}  # as words, or with `Enter`

    for binding in (*KEYS, *own()):
        if not (binding.id and binding.id in dict(SCREENS)):  # digits stand in the table of screens
            assert written(binding) <= told | arrows, binding


def test_the_names_of_keys_are_all_and_no_others() -> None:
    names = (
        part("The names:", "Several keys are parted")
        .removeprefix("The names:")
        .replace("of single screens:", "")
    )
    known = {str(binding.id) for binding in (*KEYS, *own()) if binding.id}

    assert set(re.findall(r"[a-z][a-z-]+", names)) == known
