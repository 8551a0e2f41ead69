"""The thing in focus in other programs: an editor that gets the terminal, a command that gets the text."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from msa_lab.tui.outside import editor_line, heard
from msa_lab.tui.reading import Ask
from tests.tui.staging import Stage, press, told, type_in
from tests.tui.terminals import ENTERED, LEFT, Terminal
from tests.tui.test_commands import read
from tests.tui.test_terminal import place

__all__ = ["place"]


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        ("vi", ["vi", "+9", "a.yaml"]),
        ("emacs -nw", ["emacs", "-nw", "+9", "a.yaml"]),
        ("/opt/code --wait", ["/opt/code", "--wait", "--goto", "a.yaml:9"]),
        ("hx", ["hx", "a.yaml:9"]),
    ],
)
def test_an_editor_opens_a_file_at_a_line(editor: str, words: list[str]) -> None:
    assert editor_line(editor, Path("a.yaml"), 9) == words
    assert editor_line("vi", Path("a.yaml"), 0) == ["vi", "a.yaml"]


def test_a_command_gets_the_text_and_is_heard() -> None:
    assert asyncio.run(heard("tr a-z A-Z; exit 3", "abc")) == ("ABC", "exit code 3")
    assert asyncio.run(heard("true", "x" * 1_000_000)) == ("", "exit code 0")


def test_a_command_without_an_end_is_ended_with_all_it_started(tmp_path: Path) -> None:
    began = time.perf_counter()
    late = tmp_path / "late"

    printed, ended = asyncio.run(heard(f"(sleep 1; touch {late}) & echo on; sleep 60", longest=0.3))
    assert (printed, ended) == ("on\n", "ended after 0.3 s")
    for _ in range(200):  # it once stood still when the reader had just paused: one time in hundreds
        printed, ended = asyncio.run(heard("yes", most=10_000))
        assert (len(printed), ended) == (10_000, "cut after 10,000 bytes")
    assert time.perf_counter() - began < 20
    asyncio.run(heard("sleep 1.2"))
    assert not late.exists()


def test_what_goes_on_in_a_session_of_its_own_is_not_waited_for() -> None:
    began = time.perf_counter()

    assert asyncio.run(heard("setsid sleep 20 & echo on", longest=0.3)) == ("on\n", "ended after 0.3 s")
    assert time.perf_counter() - began < 15


def test_the_event_is_piped_as_json(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "4", "vertical_line")
        assert isinstance(pilot.app.screen, Ask)
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        await type_in(pilot, "cat")
        assert json.loads(await read(pilot))["kind"] == "run.ended"

    stage(story)


@pytest.mark.parametrize("key", ["e", "vertical_line"])
@pytest.mark.parametrize("private", [True, False], ids=["read-only", "--write"])
def test_a_browser_gets_no_shell(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, key: str, *, private: bool
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    messages: list[str] = []

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "4", key)
        assert len(pilot.app.screen_stack) == 1
        messages.extend(told(pilot.app))

    stage(story, browser=True, private=private)
    assert [text for text in messages if text.startswith("not in a browser")] == messages


def test_without_an_editor_it_says_which_variable(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)

    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "e")
        assert [message for message in told(pilot.app) if "$EDITOR" in message]

    stage(story)


def test_the_editor_has_the_terminal_and_gives_it_back(place: Path) -> None:
    editor = place / "editor"
    editor.write_text('#!/bin/sh\necho "EDITING $1"\ncp "$1" copy.json\nread line\necho "GOT $line"\n')
    editor.chmod(0o755)
    terminal = Terminal(place, "tui", EDITOR=str(editor))
    try:
        terminal.wait_for(ENTERED)
        terminal.wait_for(b"Services")
        terminal.type(b"4")
        terminal.wait_for(b"run.ended")  # an event is in focus
        terminal.type(b"e")
        terminal.wait_for(b"EDITING")
        assert terminal.output.count(LEFT) == 1
        terminal.type(b"\x03hello\n")
        terminal.wait_for(b"GOT")
        os.write(terminal.master, b"q")
        assert terminal.end() == 0
        assert json.loads((place / "copy.json").read_text())["kind"] == "run.ended"
    finally:
        terminal.close()


def test_the_verdict_leads_to_the_expectation_s_line(place: Path) -> None:
    (place / "invariants.yaml").write_text("\n" * 20)
    editor = place / "editor"
    editor.write_text('#!/bin/sh\necho "$@" > words\necho EDITED\n')
    editor.chmod(0o755)
    terminal = Terminal(place, "tui", VISUAL=str(editor))
    try:
        terminal.wait_for(b"Services")
        terminal.type(b"7e")
        terminal.wait_for(b"EDITED")
        os.write(terminal.master, b"q")
        assert terminal.end() == 0
        assert (place / "words").read_text() == "+9 invariants.yaml\n"
    finally:
        terminal.close()
