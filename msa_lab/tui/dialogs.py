"""What lies over a screen: the keys, and the question where to go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from msa_lab.tui.asking import Asking
from msa_lab.tui.feed.lines import Line, clipped, line
from msa_lab.tui.widgets.rows import Rows


def help_lines(keys: Sequence[tuple[str, str, str]]) -> list[Line]:
    """List keys by their groups."""
    lines: list[Line] = []
    before = ""
    for group, key, what in keys:
        if group != before:
            lines += [line((group, "accent"))] if not before else [(), line((group, "accent"))]
            before = group
        lines.append(line((f"  {key:<14}", "strong"), what))
    return lines


class GoTo(Asking[str]):
    """Asks for a place in the run."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "close")]
    DEFAULT_CSS = """
    GoTo { align: center middle; }
    GoTo Vertical { width: 62; max-width: 96%; height: auto; padding: 0 1; }
    GoTo Vertical { border: round $accent; background: $panel; }
    GoTo Input { border: none; height: 1; background: $surface; padding: 0 1; }
    GoTo Input:focus { border: none; }
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


class Choose(Asking[int]):
    """Gives the place of the line that is chosen, -1 when none is."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "close")]
    DEFAULT_CSS = """
    Choose { align: center middle; }
    Choose Vertical { width: 76; max-width: 96%; height: auto; max-height: 80%; padding: 0 1; }
    Choose Vertical { border: round $accent; background: $panel; }
    Choose Rows { background: $panel; height: auto; min-height: 1; }
    """

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            box.border_subtitle = "Enter: take it   Esc: leave"
            yield Rows(lambda row, width: clipped(self._lines[row], width), name="choices")

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.styles.height = min(len(self._lines), 16)
        rows.redraw(len(self._lines), 0)
        rows.focus()

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        message.stop()
        self.dismiss(message.row)

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss(-1)


class Confirm(Asking[bool]):
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
