"""The screens and the keys that work on all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual.app import App
from textual.binding import ActiveBinding, Binding

from msa_lab.tui.feed.lines import Line, Span
from msa_lab.tui.widgets.rows import Page, Rows

SCREENS: Final = (
    ("live", "Live"), ("map", "Map"), ("sagas", "Sagas"), ("events", "Events"), ("metrics", "Metrics"),
    ("lab", "Lab"), ("verdict", "Verdict"),
)  # fmt: skip
KEYS: Final = (
    *(
        Binding(str(number), f"open('{name}')", title, show=False)
        for number, (name, title) in enumerate(SCREENS, start=1)
    ),
    Binding("space", "play", "play/pause", key_display="Space"),
    Binding("full_stop", "step(1)", "one event on", key_display=".", show=False),
    Binding("comma", "step(-1)", "one event back", key_display=",", show=False),
    Binding("right_square_bracket", "marker(1)", "next marker", key_display="]"),
    Binding("left_square_bracket", "marker(-1)", "marker before", key_display="[", show=False),
    Binding("greater_than_sign", "speed(1)", "faster", key_display=">", show=False),
    Binding("less_than_sign", "speed(-1)", "slower", key_display="<", show=False),
    Binding("g", "goto", "go to"),
    Binding("L", "end", "to the end", show=False),
    Binding("m", "mark", "mark this place", show=False),
    Binding("y", "copy", "copy"),
    Binding("t", "theme", "next theme", show=False),
    Binding("M", "maximise", "one panel fills the screen", show=False),
    Binding("s", "picture", "save the screen as SVG", show=False),
    Binding("slash", "find", "filter events", key_display="/", show=False),
    Binding("colon", "command_palette", "commands (also ^p)", key_display=":", show=False),
    Binding("question_mark,f1", "keys", "keys", key_display="?"),
    Binding("escape", "up", "one level up, never out", key_display="Esc", show=False),
    Binding("q", "quit", "quit"),
    Binding("x", "inject", "chaos"),
    Binding("exclamation_mark", "heal", "heal all", key_display="!"),
    Binding("f", "inject", "go another way from here (fork)", show=False),
    Binding("ctrl+s,W", "save", "save as a scenario", key_display="^s W", show=False),
)
_SHOWN: Final = {"up": "↑", "down": "↓", "left": "←", "right": "→", "enter": "Enter", "tab": "Tab"}
_UNTOLD: Final = ("Scroll ", "Page ", "Quit the app", "Copy selected")
HERE, LIST, EVERYWHERE = "On this screen", "In this panel", "Everywhere"


def told(active: Iterable[ActiveBinding], app: App[None]) -> list[tuple[str, str, str]]:
    """Give group, keys and meaning of each binding, those of the screen at hand first."""
    found: dict[tuple[str, str], list[str]] = {}
    for it in active:
        binding = it.binding
        if not it.enabled or not binding.description or binding.description.startswith(_UNTOLD):
            continue
        if it.tooltip.startswith(_UNTOLD):
            continue
        group = EVERYWHERE if it.node is app else LIST if isinstance(it.node, Rows | Page) else HERE
        key = binding.key_display or _SHOWN.get(binding.key, app.get_key_display(binding))
        found.setdefault((group, binding.description), []).append(key)
    rows = [(group, " ".join(dict.fromkeys(keys)), what) for (group, what), keys in found.items()]
    return sorted(rows, key=lambda row: (HERE, LIST, EVERYWHERE).index(row[0]))


def tabs(here: str, width: int) -> Line:
    """Draw the names of the screens; in a narrow window only the one that is open."""
    spans: list[Span] = []
    for number, (name, title) in enumerate(SCREENS, start=1):
        if name == here:
            spans.append((f"[{number} {title}]", "strong"))
        else:
            spans.append((f" {number} {title} ", "dim" if name == "lab" else ""))
    used = sum(len(text) for text, _ in spans)
    if used + 7 > width:
        number = next(place for place, (name, _) in enumerate(SCREENS, start=1) if name == here)
        hint: Span = ("  1-7 screens  Tab panels  ? keys", "dim")
        return ((f" {number}/{len(SCREENS)} {SCREENS[number - 1][1]} ", "strong"), hint)
    return (*spans, (" " * (width - used - 7), ""), ("? help ", "dim"))


def screen_at(column: int) -> str:
    """Give the screen whose name stands at a column of the tabs; '' when there is none."""
    for name, title in SCREENS:
        column -= len(title) + 4
        if column < 0:
            return name
    return ""
