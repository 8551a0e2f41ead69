"""A line to type a filter in, with its mistake beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

if TYPE_CHECKING:
    from msa_lab.scenario.expressions import InvalidExpression


class Filter(Vertical):
    """Hidden until it is asked for; what holds stays to be seen."""

    DEFAULT_CSS = """
    Filter { height: auto; display: none; }
    Filter.seen { display: block; }
    Filter Input { border: none; height: 1; padding: 0 1; background: $panel; display: none; }
    Filter Input:focus { border: none; }
    Filter.asking Input { display: block; }
    Filter Static { height: auto; padding: 0 1; }
    """

    def __init__(self, *, name: str, hint: str) -> None:
        super().__init__(id=name)
        self._hint = hint
        self._held = ""

    def compose(self) -> ComposeResult:
        yield Input(placeholder=self._hint, select_on_focus=False)
        yield Static("", markup=False)

    def ask(self) -> None:
        """Let the user type."""
        self.add_class("seen", "asking")
        self.query_one(Static).update("Enter: filter   Esc: leave it   empty: all")
        self.query_one(Input).focus()

    def refuse(self, invalid: InvalidExpression) -> None:
        """Say what is wrong and where."""
        problem = invalid.problems[0]
        hint = f"; did you mean {problem.suggestion}?" if problem.suggestion else ""
        self.query_one(Static).update(f"{' ' * problem.offset}^ {problem.message}{hint}")

    def accept(self, told: str) -> None:
        """Keep a filter in sight; '' hides the line."""
        self._held = told
        self.remove_class("asking")
        self.set_class(bool(told), "seen")
        self.query_one(Static).update(f"/ {told}" if told else "")

    def tell(self, told: str) -> None:
        """Show the filter that holds, with how it goes."""
        if self._held and not self.has_class("asking"):
            self.query_one(Static).update(f"/ {told}")

    def close(self) -> bool:
        """Stop asking; tell whether it was."""
        if not self.has_class("asking"):
            return False
        self.accept(self._held)
        return True
