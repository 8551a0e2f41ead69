"""What lies over a screen: the keys, and the question where to go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from msa_lab.tui.feed.lines import Line, line
from msa_lab.tui.widgets.rows import Page


class Help(ModalScreen[None]):
    """The keys that work where it was asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "dismiss", "close"),
    ]
    DEFAULT_CSS = """
    Help { align: center middle; }
    Help Page { width: 76; max-width: 96%; height: 90%; border: round $accent; padding: 0 1; }
    """

    def __init__(self, keys: Sequence[tuple[str, str, str]], title: str) -> None:
        super().__init__()
        self._keys = keys
        self._title = title

    def compose(self) -> ComposeResult:
        yield Page(self._draw, name="help", title=self._title)

    def on_mount(self) -> None:
        self.query_one(Page).focus()

    def _draw(self, _width: int, _height: int) -> list[Line]:
        lines: list[Line] = []
        before = ""
        for group, key, what in self._keys:
            if group != before:
                lines += [line((group, "accent"))] if not before else [(), line((group, "accent"))]
                before = group
            lines.append(line((f"  {key:<14}", "strong"), what))
        return [*lines, (), line(("Esc closes", "dim"))]


class GoTo(ModalScreen[str]):
    """Asks for a place in the run."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "close")]
    DEFAULT_CSS = """
    GoTo { align: center middle; }
    GoTo Vertical { width: 58; max-width: 96%; height: auto; padding: 0 1; }
    GoTo Vertical { border: round $accent; background: $panel; }
    GoTo Input { border: none; height: 1; background: $surface; padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label("Go to")
            yield Input(placeholder="7.012", id="where")
            yield Static(
                "a time 7.012 or 250ms, an event #1894, a saga ord-0005,\n"
                'or an expression: kind == "saga.compensated"',
                markup=False,
            )

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.dismiss(message.value)

    def action_cancel(self) -> None:
        """Stay where we are."""
        self.dismiss("")


class Confirm(ModalScreen[bool]):
    """Asks before something that cannot be taken back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "answer(True)", "yes"),
        Binding("escape,n", "answer(False)", "no"),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm Static { width: 58; max-width: 96%; height: auto; padding: 0 1; }
    Confirm Static { border: round $warning; background: $panel; }
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        yield Static(f"{self._question}\n\nEnter: yes   Esc: no", markup=False)

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - an action's argument
        """Answer."""
        self.dismiss(answer)
