"""What `msalab logs` prints: the lines of all processes of a shop in the order of their times."""

from __future__ import annotations

import heapq
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Final

import typer

from msa_lab.cli.interrupted import ended_by_hand
from msa_lab.cli.options import Talk
from msa_lab.cli.places import shops_folder
from msa_lab.cli.terminal import emit, printable, terminal_of
from msa_lab.errors import UserMistake
from msa_lab.persistence.shops import ShopFolder, ShopStore
from msa_lab.source import meant, quoted

_STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z ")
_AGE: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LOOK_EVERY: Final = 0.2
_BATCH: Final = 500
Line = tuple[str, str, str]
"""Time as it was stamped, who, words."""

_when = itemgetter(0)


def print_logs(name: str, who: str | None, talk: Talk, *, since: str | None, follow: bool) -> None:
    """Print the lines of a shop's processes, whether it runs or not.

    Raises:
        UserMistake: when there is no such shop or process.
    """
    folder = ShopStore(shops_folder()).known(name)
    from_then = "" if since is None else _moment(since)
    outs = _chosen(folder, who)
    width = max((len(one) for one in outs), default=0)
    terminal = terminal_of(sys.stdout, colour=talk.colour)

    def shown(line: Line) -> str:
        moment, source, words = line
        return f"{terminal.paint(moment[11:], 'dim')} {source:<{width}}  {printable(words)}"

    lines: list[str] = []
    ends: dict[str, int] = {}
    files = (_lines(source, path, ends) for source, path in outs.items())
    for line in heapq.merge(*files, key=_when):
        if line[0] >= from_then:
            lines.append(shown(line))
            if len(lines) >= _BATCH:
                emit("\n".join(lines) + "\n")
                lines.clear()
    if lines:
        emit("\n".join(lines) + "\n")
    with ended_by_hand():
        while follow:
            time.sleep(_LOOK_EVERY)
            now = _chosen(folder, who).items()
            more = [line for source, path in now for line in _more(source, path, ends)]
            if more:
                emit("".join(shown(line) + "\n" for line in sorted(more, key=_when)))


def _moment(age: str) -> str:
    found = _AGE.fullmatch(age)
    if found is None:
        raise typer.BadParameter(f"--since {age!r}: such as 30s, 5m, 2h or 1d")
    then = datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})  # noqa: TID251 - for people
    return then.strftime("%Y-%m-%dT%H:%M:%S")


def _chosen(folder: ShopFolder, who: str | None) -> Mapping[str, Path]:
    """Find the files of a service, an instance or a server; of all without one."""
    outs = {path.name.removesuffix(".out"): path for path in sorted(folder.logs.glob("*.out"))}
    if who is None:
        return outs
    found = {name: path for name, path in outs.items() if who in (name, name.rpartition("-")[0])}
    if not found:
        guess = meant(who, [word for name in outs for word in (name, name.rpartition("-")[0]) if word])
        raise UserMistake(f"shop {quoted(folder.name)} has no log of {quoted(who)}{guess}")
    return found


def _lines(source: str, path: Path, ends: dict[str, int]) -> Iterator[Line]:
    """Give the lines of a file and of the one moved aside before it."""
    before = path.with_suffix(".out.1")
    if before.exists():
        yield from _stamped(source, before.read_bytes(), before)
    content = path.read_bytes()
    ends[source] = len(content)
    yield from _stamped(source, content, path)


def _more(source: str, path: Path, ends: dict[str, int]) -> Iterator[Line]:
    """Give the lines that came since the last look; a file that was emptied begins anew."""
    start = ends.get(source, 0)
    if path.stat().st_size < start:
        start = 0
    with path.open("rb") as out:
        out.seek(start)
        fresh = out.read()
    whole = fresh[: fresh.rfind(b"\n") + 1]
    ends[source] = start + len(whole)
    yield from _stamped(source, whole, path)


def _stamped(source: str, content: bytes, path: Path) -> Iterator[Line]:
    """Take the times off; a line without one has that of the line before.

    A file without any has the time of its last change.
    """
    text = content.decode(errors="replace")
    first = _STAMP.search(text)
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    moment = changed if first is None else first[1]
    for line in text.splitlines():
        found = _STAMP.match(line)
        if found is not None:
            moment = found[1]
        yield moment, source, line if found is None else line[found.end() :]
