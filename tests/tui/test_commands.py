"""The command palette: what the keys do here, and every verb of the command line that makes sense."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from textual.pilot import Pilot

from msa_lab.cli.app import app as program
from msa_lab.tui.feed.verbs import LATER, Focus, Verb, verbs
from msa_lab.tui.reading import Ask, Reading
from tests.tui.staging import SUMMARY, Stage, lab, press, seen, type_in

OURS = (sys.executable, "-m", "msa_lab")
RUN = Focus({**SUMMARY, "mode": "sim"}, 4.2, "ord-2", "payment", "t > 2s")
SHOP = Focus(
    {"run": "shop", "shop": "shop", "topology": "textbook", "scenario": {"id": "checkout"}}, 1.0, "s-1"
)
LEFT_OUT = {"completion show"}  # `completion install` is offered


def root() -> Any:  # noqa: ANN401 - Typer's own kind of group differs from version to version
    return typer.main.get_command(program)


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - as above
    below = getattr(command, "commands", None)
    if below is None:
        yield words
        return
    for name, one in below.items():
        yield from leaves(one, (*words, name))


def parsed(verb: Verb) -> tuple[str, ...]:
    """Let the program read a verb's line, without doing anything; give its words."""
    command = root()
    arguments = ["7" if it == LATER else it for it in verb.arguments]
    if arguments[0] == "scenario" and arguments[1] not in command.commands["scenario"].commands:
        arguments.insert(1, "run")
    words: tuple[str, ...] = ()
    while hasattr(command, "commands"):
        words = (*words, arguments.pop(0))
        command = command.commands[words[-1]]
    command.make_context(words[-1], list(arguments)).close()
    return words


@pytest.mark.parametrize("focus", [RUN, SHOP], ids=["run", "shop"])
def test_every_line_that_is_offered_is_one_the_program_reads(focus: Focus) -> None:
    for verb in verbs(focus):
        parsed(verb)


def test_every_verb_of_the_program_is_offered_for_a_run_or_a_shop() -> None:
    offered = {parsed(verb) for focus in (RUN, SHOP) for verb in verbs(focus)}
    missing = {" ".join(words) for words in leaves(root())} - {" ".join(words) for words in offered}

    assert missing == LEFT_OUT


def test_the_lines_have_the_run_the_saga_and_the_moment_filled_in() -> None:
    lines = [verb.line for verb in verbs(RUN)]

    assert "msalab saga why ord-2 --run abc123" in lines
    assert "msalab replay abc123 --at 4.200" in lines
    assert "msalab events abc123 '--filter=t > 2s'" in lines
    assert not [line for line in lines if " down" in line or " --name " in line]
    assert "msalab down --name shop" in [verb.line for verb in verbs(SHOP)]


def test_before_the_run_has_a_name_only_the_catalogue_is_offered() -> None:
    assert {verb.arguments[0] for verb in verbs(Focus({}))}.isdisjoint({"saga", "events", "replay", "fork"})


async def choose(pilot: Pilot[None], text: str) -> None:
    await press(pilot, "colon")
    await pilot.press(*text.replace(".", ""))
    await pilot.pause(0.4)
    await press(pilot, "enter")


async def read(pilot: Pilot[None]) -> str:
    """Wait for the page in the dialog and give it."""
    for _ in range(200):
        if isinstance(pilot.app.screen, Reading) and pilot.app.screen.text != "...":
            return pilot.app.screen.text
        await pilot.pause(0.05)
    raise AssertionError(seen(lab(pilot)))


def test_a_verb_s_page_is_shown_inside(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await choose(pilot, "schemarun")
        assert "msalab/run@1" in await read(pilot)
        await press(pilot, "escape")
        assert len(pilot.app.screen_stack) == 1
        await choose(pilot, "chaosshownet.loss")
        assert "net.loss" in await read(pilot)

    stage(story, program=OURS)


def test_it_asks_for_what_it_does_not_know(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await choose(pilot, "chaosshowkind")
        assert isinstance(pilot.app.screen, Ask)
        await type_in(pilot, "net.lss")
        assert "did you mean 'net.loss'" in await read(pilot)

    stage(story, program=OURS)


def test_what_acts_outside_is_copied(stage: Stage, tmp_path: Path) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await choose(pilot, "runsrm")

    stage(story, program=OURS)
    assert (tmp_path / "cache" / "copied.txt").read_text() == "msalab runs rm abc123"


def test_a_verb_tells_its_key_as_the_user_has_chosen_it(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        offered = {it.title: it.help for it in lab(pilot).offered()}
        assert "key K B" in offered["scenario record abc123"]
        assert "key 5" in offered["metrics abc123"]

    stage(story, (120, 40), keys={"save": "K B"})


@pytest.mark.parametrize(("size", "least"), [((80, 24), 18), ((60, 16), 11)])
def test_in_a_small_window_each_command_has_one_line(stage: Stage, size: tuple[int, int], least: int) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "colon", *"runs")
        await pilot.pause(0.4)
        listed = [row.strip() for row in seen(lab(pilot)).splitlines()]
        assert len([row for row in listed if "  " in row and "runs" in row]) >= 4
        assert "runs rm abc123  deletes it" in listed
        assert len(list(lab(pilot).offered())) > 30
        assert all(len(it.title) <= size[0] - 7 and not it.help for it in lab(pilot).offered())
        await press(pilot, *["backspace"] * 4)
        await pilot.pause(0.4)
        drawn = [row for row in seen(lab(pilot)).splitlines() if row.startswith("  ") and row.strip()]
        assert len(drawn) >= least

    stage(story, size)


def test_the_keys_of_the_screen_are_offered_too(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "3")
        await choose(pilot, "onlytrouble")
        assert "Sagas 2 of 3" in seen(lab(pilot))

    stage(story)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 16)])
def test_a_text_scrolls_and_is_searched(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        text = "\n".join(f"row {row} " + "x" * 150 * (row == 3) for row in range(90))
        copied: list[str] = []
        await pilot.app.push_screen(Reading(text, "[a title]", copied.append))
        await press(pilot, "slash")
        await type_in(pilot, "row 8")
        await press(pilot, "n", "n")
        assert "row 81" in seen(lab(pilot))
        assert "11 lines have it" in seen(lab(pilot))
        assert "[a title]" in seen(lab(pilot))
        await press(pilot, "N", "N", "N", "y")
        assert "row 89" in seen(lab(pilot))
        assert copied == ["\n".join(row.rstrip() for row in text.splitlines())]
        await press(pilot, "home")
        assert seen(lab(pilot)).count("x") > 140

    stage(story, size)


def test_the_keys_are_searched(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "question_mark", "slash")
        await type_in(pilot, "chaos")
        assert "1 lines have it" in seen(lab(pilot))
        await press(pilot, "question_mark")
        assert len(pilot.app.screen_stack) == 1

    stage(story)
