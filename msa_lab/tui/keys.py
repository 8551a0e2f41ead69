"""The screens and the keys that work on all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from textual.app import App
from textual.binding import ActiveBinding, Binding

from msa_lab.errors import UserMistake
from msa_lab.tui.asciionly import key_in_words
from msa_lab.tui.feed.lines import Line, Span
from msa_lab.tui.widgets.rows import Page, Rows

SCREENS: Final = (
    ("live", "Live"), ("map", "Map"), ("sagas", "Sagas"), ("events", "Events"), ("metrics", "Metrics"),
    ("lab", "Lab"), ("verdict", "Verdict"),
)  # fmt: skip
KEYS: Final = (
    *(
        Binding(str(number), f"open('{name}')", title, show=False, id=name)
        for number, (name, title) in enumerate(SCREENS, start=1)
    ),
    Binding("space", "play", "play/pause", key_display="Space", id="play"),
    Binding("space", "hold", "hold/let go", key_display="Space", id="play"),
    Binding("full_stop", "let_one", "let one pass", key_display=".", id="step-on"),
    Binding("full_stop", "step(1)", "one event on", key_display=".", show=False, id="step-on"),
    Binding("comma", "step(-1)", "one event back", key_display=",", show=False, id="step-back"),
    Binding("right_square_bracket", "marker(1)", "next marker", key_display="]", id="next-marker"),
    Binding(
        "left_square_bracket", "marker(-1)", "marker before", key_display="[", show=False, id="marker-before"
    ),
    Binding("greater_than_sign", "speed(1)", "faster", key_display=">", show=False, id="faster"),
    Binding("less_than_sign", "speed(-1)", "slower", key_display="<", show=False, id="slower"),
    Binding("n", "seek(1)", "next match/trouble", id="next"),
    Binding("N", "seek(-1)", "match/trouble before", show=False, id="previous"),
    Binding("g", "goto", "go to", id="go-to"),
    Binding("L", "end", "to the end", show=False, id="end"),
    Binding("m", "mark", "mark this place", show=False, id="mark"),
    Binding("y", "copy", "copy", id="copy"),
    Binding("e", "edit", "open in the editor", show=False, id="edit"),
    Binding("vertical_line", "pipe", "pipe into a command", key_display="|", show=False, id="pipe"),
    Binding("t", "theme", "next theme", show=False, id="theme"),
    Binding("M", "maximise", "one panel fills the screen", show=False, id="maximise"),
    Binding("ctrl+o,J", "jump", "jump to a panel", key_display="^o J", show=False, id="jump"),
    Binding("s", "picture", "save the screen as SVG", show=False, id="picture"),
    Binding("slash", "find", "filter events", key_display="/", show=False, id="filter"),
    Binding("colon", "command_palette", "commands (also ^p)", key_display=":", show=False, id="commands"),
    Binding("question_mark", "keys", "keys", key_display="?", id="keys"),
    Binding("f1", "help", "help of this panel", key_display="F1", show=False, id="panel-help"),
    Binding("escape", "up", "one level up, never out", key_display="Esc", show=False, id="up"),
    Binding("q", "quit", "quit", id="quit"),
    Binding("x", "inject", "chaos", id="inject"),
    Binding("exclamation_mark", "heal", "heal all", key_display="!", id="heal"),
    Binding("f", "fork", "go another way from here (fork)", show=False, id="fork"),
    Binding("ctrl+s,W", "save", "save as a scenario", key_display="^s W", show=False, id="save"),
)
_FIXED: Final = (
    "tab",
    "shift+tab",
    "up",
    "down",
    "left",
    "right",
    "enter",
    "pageup",
    "pagedown",
    "home",
    "end",
)
_NAMED: Final = {
    ".": "full_stop", ",": "comma", "[": "left_square_bracket", "]": "right_square_bracket", "/": "slash",
    "<": "less_than_sign", ">": "greater_than_sign", ":": "colon", "?": "question_mark",
    "!": "exclamation_mark", "^": "circumflex_accent", "+": "plus", "-": "minus",
    "|": "vertical_line", "=": "equals_sign", ";": "semicolon",
    "#": "number_sign", "*": "asterisk", "&": "ampersand", "@": "at", "~": "tilde", "_": "underscore",
}  # fmt: skip
_SHOWN: Final = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "enter": "Enter", "tab": "Tab",
    "shift+tab": "Shift+Tab", "home": "Home", "end": "End", "pageup": "PgUp", "pagedown": "PgDn",
}  # fmt: skip
_UNTOLD: Final = ("Scroll ", "Page ", "Quit the app", "Copy selected")
HERE, LIST, EVERYWHERE = "On this screen", "In this panel", "Everywhere"


def _unknown(name: str, names: Iterable[str]) -> str:
    from msa_lab.source import did_you_mean  # noqa: PLC0415 - heavy, and only for a mistake

    near = did_you_mean(name, names) or "one of these"
    return f"[keys] {name}: there is no such key; did you mean {near}?\n  {', '.join(names)}"


def keymap(wanted: Mapping[str, str], screens: Sequence[Iterable[Binding]]) -> dict[str, str]:
    """Read a keymap: keys by the names of what they do, several parted by blanks; `^` stands for Ctrl.

    `screens` are the keys that single screens have, screen by screen: two screens may have the same key.

    Raises:
        UserMistake: with all that is wrong: an unknown name, a key that two things have.
    """
    of_screens = [binding for keys in screens for binding in keys]
    names = {str(binding.id): binding for binding in (*of_screens, *KEYS) if binding.id}
    wrong = [_unknown(name, names) for name in wanted if name not in names]
    made = {
        name: ",".join(_spelt(key) for key in text.split()) for name, text in wanted.items() if name in names
    }
    for keys in screens or [()]:
        wrong += _clashes(made, [*keys])
    if wrong:
        raise UserMistake("\n".join(dict.fromkeys(wrong)))
    return made


def _clashes(made: Mapping[str, str], screen: Sequence[Binding]) -> Iterator[str]:
    """Tell which keys two things would have on a screen, where the user's choice is the cause."""
    owners: dict[str, tuple[str, str]] = dict.fromkeys(_FIXED, ("", "moving about"))
    own = [(it.id or it.description, it, f"{it.description!r} on its screen") for it in screen]
    for name, binding, told in [*own, *((str(it.id), it, str(it.id)) for it in KEYS)]:
        for key in made.get(name, binding.key).split(","):
            owner, taken = owners.get(key, (name, ""))
            if owner != name and (name in made or owner in made):
                yield f"[keys] {name}: {key or 'no key'} is taken by {taken}"
            owners[key] = (name, told)


def _spelt(key: str) -> str:
    if key.startswith("^") and len(key) > 1:
        return f"ctrl+{key[1:].lower()}"
    return _NAMED.get(key, key)


def shown(keys: str) -> str:
    """Write keys of a keymap as the user does."""
    signs = {name: sign for sign, name in _NAMED.items()}
    return " ".join(signs.get(key, key.replace("ctrl+", "^")) for key in keys.split(","))


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
        key = key_in_words(key) if app.screen_stack[0].has_class("ascii") else key
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
        name = f" {number}/{len(SCREENS)} {SCREENS[number - 1][1]} "
        hints = [("1-7 screens", "Tab panels", "? keys"), ("1-7 screens", "? keys"), ("? keys",), ()]
        told = ("".join(f"  {hint}" for hint in some) for some in hints)
        room = max(0, width - len(name))
        return ((name, "strong"), (next(it for it in told if len(it) <= room), "dim"))
    return (*spans, (" " * (width - used - 7), ""), ("? help ", "dim"))


def screen_at(column: int) -> str:
    """Give the screen whose name stands at a column of the tabs; '' when there is none."""
    for name, title in SCREENS:
        column -= len(title) + 4
        if column < 0:
            return name
    return ""
