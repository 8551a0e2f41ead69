"""Lines of text with styles, as plain values: what a page gives and a widget paints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from msa_lab.telemetry.printing import printable

Style = Literal["", "good", "bad", "warn", "unsure", "dim", "strong", "fault", "accent"]
Span = tuple[str, Style]
Line = tuple[Span, ...]

_SIGNS: Final = {
    "good": ("✓", "+"), "bad": ("✗", "x"), "warn": ("▲", "!"), "unsure": ("?", "?"), "up": ("●", "*"),
    "down": ("○", "o"), "paused": ("‖", "="), "to": ("→", "->"), "bar": ("│", "|"), "line": ("─", "-"),
    "right": ("▶", ">"), "left": ("◀", "<"), "play": ("▶", ">"), "pause": ("‖", "||"), "end": ("■", "#"),
    "fault": ("═", "="), "calm": ("─", "-"), "here": ("█", "@"), "mark": ("◆", "m"), "dots": ("…", "~"),
    "full": ("█", "#"), "empty": ("·", "."), "event": ("·", "."), "own": ("●", "*"), "under": ("└", "\\"),
    "spark": ("▁▂▃▄▅▆▇█", "_.-=+*#@"), "sep": ("·", "-"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signs:
    """Signs for states and drawings, in ASCII where the terminal knows no other."""

    unicode: bool = True

    def __getitem__(self, name: str) -> str:
        return _SIGNS[name][0 if self.unicode else 1]


def line(*parts: str | Span) -> Line:
    """Make a line of texts and styled texts."""
    return tuple(
        (printable(part), "") if isinstance(part, str) else (printable(part[0]), part[1]) for part in parts
    )


def text_of(row: Line) -> str:
    """Give the text without its styles."""
    return "".join(text for text, _ in row)


def width_of(row: Line) -> int:
    """Count the columns."""
    return sum(len(text) for text, _ in row)


def clipped(row: Line, width: int, dots: str = "…") -> Line:
    """Cut a line to a width, with dots where something is missing."""
    if width_of(row) <= width:
        return row
    room = max(0, width - len(dots))
    kept: list[Span] = []
    for text, style in row:
        if len(text) >= room:
            kept.append((text[:room] + dots, style))
            break
        kept.append((text, style))
        room -= len(text)
    return tuple(kept)


def padded(row: Line, width: int) -> Line:
    """Fill a line with blanks up to a width, or cut it."""
    missing = width - width_of(row)
    return (*row, (" " * missing, "")) if missing > 0 else clipped(row, width)


_LEFT: Final = str.maketrans({
    **dict.fromkeys("╭╮╰╯┌┐└┘┏┓┗┛╔╗╚╝├┤┬┴┼", "+"), **dict.fromkeys("─━═╍┅┄▁▂▔▀▄", "-"),
    **dict.fromkeys("│┃║╏┇┆▌▐▎▏▕▊", "|"), **dict.fromkeys("█▖▗▘▙▛▜▝▟▇▆▅▃", "#"),
    "…": "~", "→": ">", "▶": ">", "←": "<", "◀": "<", "↑": "^", "↓": "v", "●": "*", "·": ".",
})  # fmt: skip


def in_ascii(text: str) -> str:
    """Replace what an ASCII terminal does not know, each sign by one in its place."""
    return text if text.isascii() else text.translate(_LEFT).encode("ascii", "replace").decode()


def ascii_only(row: Line) -> Line:
    """Replace what an ASCII terminal does not know, in what the run itself says, too."""
    return tuple((in_ascii(text), style) for text, style in row)


def columns(
    rows: Sequence[Sequence[Span]], widths: Sequence[int], right: Iterable[int] = (), gap: int = 1
) -> list[Line]:
    """Set rows in columns of given widths; those in `right` are set flush right."""
    flush = frozenset(right)
    made: list[Line] = []
    for row in rows:
        spans: list[Span] = []
        for column, ((text, style), width) in enumerate(zip(row, widths, strict=True)):
            cut = text if len(text) <= width else text[: max(0, width - 1)] + "…"[:width]
            spans.append((cut.rjust(width) if column in flush else cut.ljust(width), style))
            spans.append((" " * gap, ""))
        made.append(tuple(spans[:-1]))
    return made


_UNITS: Final = ((1e3, 1, 0, "us"), (1e6, 1e3, 0, "ms"), (1e8, 1e6, 2, "s"), (3.6e9, 6e7, 1, "m"))


def duration(micros: float | None) -> str:
    """Put a duration into at most six characters: 12ms, 2.61s, 1.5m."""
    if micros is None:
        return "-"
    for limit, unit, digits, word in _UNITS:
        if micros < limit:
            return f"{micros / unit:.{digits}f}{word}"
    return f"{micros / 3.6e9:.1f}h"


def stamp(micros: int) -> str:
    """Put an instant into words: 7.012 seconds since the start."""
    return f"{micros / 1e6:.3f}"


def spark(values: Sequence[float], signs: Signs, top: float | None = None) -> str:
    """Draw values as a row of bars, one column each."""
    highest = max(values, default=0) if top is None else top
    levels = signs["spark"]
    if highest <= 0:
        return levels[0] * len(values)
    last = len(levels) - 1
    return "".join(levels[min(last, max(0, round(value * last / highest)))] for value in values)
