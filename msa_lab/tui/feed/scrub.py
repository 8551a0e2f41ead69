"""The scrubber: the whole run in one line, with faults, violations and the place of the viewer."""

from __future__ import annotations

from msa_lab.tui.feed.lines import Line, Span, Style
from msa_lab.tui.feed.sight import Sight

_RANK: dict[str, int] = {"phase": 0, "heal": 0, "fault": 0, "crash": 2, "own": 3, "violation": 4}


def scrubber(sight: Sight, width: int, *, word: str) -> Line:
    """Draw it: `═` a fault acts, `!` a violation, `x` a crash, `◆` a mark, `█` here; `word` at the right."""
    start, end = sight.start, sight.end
    left, right = _ends(sight, word)
    room = max(8, width - len(left) - len(right))
    signs = sight.signs

    def at(t: int) -> int:
        return column_of(t - start, end - start, room)

    cells: list[Span] = [(signs["calm"], "dim")] * room
    for span in sight.feed.spans:
        for column in range(at(span.start), at(span.end or end) + 1):
            cells[column] = (signs["fault"], "fault")
    ranks = [0] * room
    for marker in sight.feed.markers:
        rank = _RANK[marker.kind]
        column = at(marker.t)
        if rank > ranks[column]:
            ranks[column] = rank
            cells[column] = _sign(marker.kind, signs["mark"])
    here = at(sight.t)
    cells[here] = (signs["here"], "strong")
    return ((left, "dim"), *_joined(cells), (right, "dim"))


def _sign(kind: str, mark: str) -> Span:
    return ("!", "bad") if kind == "violation" else ("x", "warn") if kind == "crash" else (mark, "accent")


def _ends(sight: Sight, word: str) -> tuple[str, str]:
    return f" {sight.start / 1e6:.0f}s ", f" {sight.end / 1e6:.0f}s  {word:<6}"


def column_of(t: int, end: int, room: int) -> int:
    """Give the column of an instant, both from where the line begins."""
    return max(0, min(room - 1, t * (room - 1) // max(1, end)))


def instant_at(column: int, sight: Sight, width: int) -> int:
    """Give the instant of a column of the whole line, as drawn for the same width."""
    left, right = map(len, _ends(sight, ""))
    room = max(8, width - left - right)
    long = sight.end - sight.start
    return sight.start + max(0, min(long, (column - left) * long // max(1, room - 1)))


def _joined(cells: list[Span]) -> list[Span]:
    """Join neighbours of one style: fewer spans to paint."""
    joined: list[Span] = []
    for text, style in cells:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined


def header(sight: Sight, width: int, *, pace: str) -> Line:
    """Draw the first line: which run, which moment, how fast it goes on, what acts, what broke."""
    moment = sight.moment
    summary = sight.summary
    scenario = summary.get("scenario") or {}
    name = str(scenario.get("id", "")) if isinstance(scenario, dict) else str(scenario)
    topology = f"  {summary.get('topology', '')}"
    about = f"  {summary.get('mode', 'sim')}  seed {summary.get('seed', '')}  run {summary.get('run', '')}"
    if shop := summary.get("shop"):
        name, topology, about = str(shop), f"  {summary.get('mode')}", f"  {summary.get('topology', '')}"
    broke: Style = "bad" if sight.broken else "dim"
    right: list[Span] = [
        (f"T+{sight.t / 1e6:07.3f}s ", "strong"),
        (f"{pace:<6} ", "accent"),
        (f"FAULTS {len(moment.faults)} ", "fault" if moment.faults else "dim"),
        (f"BROKEN {sight.broken} ", broke),
    ]
    head: list[Span] = [(" MSA Lab ", "strong"), (f" {name}", ""), (topology, "dim"), (about, "dim")]
    room = width - sum(len(text) for text, _ in right)
    used = 0
    shown: list[Span] = []
    for text, style in head:
        if used + len(text) <= room:
            shown.append((text, style))
            used += len(text)
    return (*shown, (" " * max(0, room - used), ""), *right)
