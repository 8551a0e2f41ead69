"""What the command line knows, asked for in the view; and the thing in focus in other programs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from textual.app import SuspendNotSupported, SystemCommand
from textual.binding import Binding
from textual.markup import escape
from textual.screen import Screen

from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.verbs import LATER, Focus, Verb, verbs
from msa_lab.tui.holding import Holding
from msa_lab.tui.outside import Paper, editor_line, heard, on_paper
from msa_lab.tui.reading import Ask, Reading
from msa_lab.tui.session import Session
from msa_lab.tui.signals import end_on_signals

_ROOMY: Final = 100
"""In fewer columns a command has one line in the palette, else one for its name and one for what it does."""
_MARGIN: Final = 7
_BROWSER: Final = "not in a browser: it would give whoever has the page a shell on this machine"
_ASKED: Final = {
    "expression": ('service == "payment" and t > 2s', "the events it fits, as by / on Events"),
    "run": ("the other run's id", "runs list names them"),
    "kind": ("net.loss", "chaos list names them"),
    "id": ("the dead letter's id", "dlq list names them"),
}


class Commanding(Holding):
    """An app that can ask the command line, and hand the thing in focus to an editor or a shell's command.

    `program` is how the command line is called; without it nothing is shown inside.
    """

    def __init__(
        self, feed: Feed, session: Session | None, *, program: Sequence[str], browser: bool, cache: Path
    ) -> None:
        super().__init__(feed, session)
        self._program = tuple(program)
        self._browser = browser
        self._cache = cache

    def focus_of(self) -> Focus:
        """Give what the verbs are about now."""
        raise NotImplementedError

    def paper(self) -> Paper:
        """Give the thing in focus as a file."""
        raise NotImplementedError

    def hand_over(self, text: str) -> None:
        """Copy a text."""
        raise NotImplementedError

    def key_of(self, name: str) -> str:
        """Give the key with a name in the keymap."""
        raise NotImplementedError

    # -- the command line --------------------------------------------------------------------------

    def offered(self) -> Iterable[SystemCommand]:
        """Give the verbs of the command line for the palette."""
        for verb in verbs(self.focus_of()):
            inside = verb.inside and bool(self._program)
            key = self.key_of(verb.key) if verb.key else ""
            how = "" if inside else "copies  "
            also = f"   key {key}" if key else ""
            name, told = verb.name, f"{verb.does}{also}   {how}{verb.line}"
            if self.size.width < _ROOMY:  # one line each
                name, told = self._short(f"{name}  {verb.does}{f'  ({key})' if key else ''}"), ""
            yield SystemCommand(escape(name), escape(told), self._doing(verb))

    def _short(self, text: str) -> str:
        """Cut a text to what a line of the palette holds."""
        room = self.size.width - _MARGIN
        return text if len(text) <= room else f"{text[: room - 1]}…"

    def _doing(self, verb: Verb) -> Callable[[], None]:
        def do() -> None:
            if not (verb.inside and self._program):
                self.hand_over(verb.line)
            elif verb.asks:
                example, hint = _ASKED[verb.asks]
                self.push_screen(Ask(verb.line, hint, example), lambda it: self._show_page(verb, it))
            else:
                self._show_page(verb, LATER)

        return do

    def _show_page(self, verb: Verb, given: str | None) -> None:
        """Show what the command line prints."""
        if not given:
            return
        arguments = [given if it == LATER else it for it in verb.arguments]
        if "--filter" in arguments:  # one word, so that nothing typed is taken for an option
            place = arguments.index("--filter")
            arguments[place : place + 2] = [f"--filter={arguments[place + 1]}"]
        runs = Path(self.feed.log.path).resolve().parent.parent
        variables = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "NO_COLOR": "1"}
        if not self.focus_of().shop:
            variables["MSALAB_RUNS"] = str(runs)
        line = verb.line if verb.asks == "" else f"{verb.name.removesuffix(verb.asks.upper())}{given}"
        self._listen((*self._program, *arguments), "", line, variables)

    def _listen(
        self, command: str | Sequence[str], text: str, title: str, variables: dict[str, str] | None = None
    ) -> None:
        reading = Reading("...", title, self.hand_over)

        async def listen() -> None:
            try:
                printed, ended = await heard(command, text, variables=variables)
            except (OSError, ValueError) as error:
                printed, ended = str(error), "could not be started"
            quiet = ended == "exit code 0"
            told = printed if printed.strip() else "(it printed nothing)"
            reading.replace(told.expandtabs(4), title if quiet else f"{title}   {ended}")

        async def shown() -> None:
            await self.push_screen(reading)
            reading.run_worker(listen(), exclusive=True)  # it ends with the dialog

        self.run_worker(shown())

    # -- other programs ----------------------------------------------------------------------------

    def action_pipe(self) -> None:
        """Ask for a shell's command and give it the thing in focus."""
        if self._no_shell():
            return
        paper = self.paper()
        if not paper.text:
            self.notify("there is nothing here to pipe")
            return
        asked = Ask(f"Pipe {paper.name} into", "a command of the shell; at most 30 s", "jq .detail")
        self.push_screen(asked, lambda it: self._listen(it, paper.text, f"| {it}") if it else None)

    def action_edit(self) -> None:
        """Open the thing in focus in the editor, which has the terminal until it ends."""
        if self._no_shell():
            return
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
        if not editor.strip():
            self.notify("set $VISUAL or $EDITOR, such as  export EDITOR=vi", severity="warning")
            return
        paper = self.paper()
        if not (paper.text or paper.path):
            self.notify("there is nothing here to open")
            return
        try:
            with on_paper(paper) as path:
                code = self._give_terminal(editor_line(editor, path, paper.line))
        except SuspendNotSupported:
            self.notify("this terminal cannot be handed over", severity="warning")
        except (OSError, ValueError) as error:
            self.notify(f"{editor}: {error}", severity="error")
        else:
            if code:
                self.notify(f"{editor} ended with {code}", severity="warning")
        self.refresh(layout=True)

    def _give_terminal(self, words: Sequence[str]) -> int:
        """Let a program have the terminal; ^c is its own."""
        with self.suspend():
            loop = asyncio.get_running_loop()
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)
            before = signal.signal(signal.SIGINT, lambda *_: None)
            try:
                return subprocess.run(words, check=False).returncode  # noqa: S603 - what the user chose
            finally:
                signal.signal(signal.SIGINT, before)
                end_on_signals(self)

    def _no_shell(self) -> bool:
        if self._browser or self.is_web:
            self.notify(_BROWSER, severity="warning")
            return True
        return False


def of_screen(screen: Screen[object], app: Commanding, left_out: Sequence[str]) -> Iterable[SystemCommand]:
    """Give what the keys do here, for the palette."""
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        binding: Binding = active.binding
        known = (active.node is app and binding.id) or active.node.has_class("view")
        if not known or not active.enabled or binding.action in left_out or binding.description in seen:
            continue
        if not binding.description:
            continue
        seen.add(binding.description)
        key = app.get_key_display(binding)
        yield SystemCommand(
            f"{binding.description}  ({key})", "",
            lambda action=binding.action, node=active.node: app.call_later(app.run_action, action, node),
        )  # fmt: skip
