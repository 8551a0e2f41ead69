"""What `msalab dlq` prints and sends."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.places import shops_folder
from msa_lab.cli.shopstop import ask_shop
from msa_lab.cli.terminal import emit, printable, table, terminal_of
from msa_lab.cli.wanted import pairs_of
from msa_lab.errors import UserMistake
from msa_lab.persistence.shops import ShopStore
from msa_lab.source.scalars import Trap, plain

_DONE = {"replay": "handed out again", "drop": "dropped"}


def _ask(name: str, verb: str, group: str | None, **words: Any) -> Any:  # noqa: ANN401 - the verb's answer
    folder = ShopStore(shops_folder()).standing(name)
    return ask_shop(folder, f"dlq.{verb}", **words, **({} if group is None else {"group": group}))


def print_list(name: str, group: str | None, talk: Talk) -> None:
    """List dead letters."""
    letters: Sequence[Mapping[str, Any]] = _ask(name, "list", group)
    if talk.json:
        emit(json_text({"schema": "msalab/letters@1", "name": name, "letters": letters}))
        return
    if not letters:
        emit("no dead letters\n")
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    rows = [("id", "group", "event", "saga", "tries", "reason")]
    rows += [
        (
            letter["id"], letter["group"], letter["event"], letter["saga"], str(letter["attempts"]),
            letter["reason"],
        )
        for letter in letters
    ]  # fmt: skip
    lines = table(rows, right=(4,))
    emit("\n".join([terminal.paint(lines[0], "dim"), *lines[1:], ""]))


def print_letter(name: str, letter: str, group: str | None, talk: Talk) -> None:
    """Show one dead letter whole."""
    told: Mapping[str, Any] = _ask(name, "show", group, id=letter)
    if talk.json:
        emit(json_text({"schema": "msalab/letter@1", **told}))
        return
    rows = [(word, str(told[word])) for word in ("id", "group", "event", "topic", "key", "saga", "reason")]
    rows += [("tries", str(told["attempts"])), ("given up", f"T+{told['at']:.3f}")]
    emit("\n".join([*table(rows), "", printable_json(told["data"]), ""]))


def edit(
    name: str, letter: str, group: str | None, talk: Talk, *, data: str | None, settings: tuple[str, ...]
) -> None:
    """Give a dead letter other content.

    Raises:
        UserMistake: when it is no JSON, or no content of that event.
    """
    if data is not None:
        try:
            content = msgspec.json.decode(sys.stdin.buffer.read() if data == "-" else data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UserMistake(f"--data is no JSON: {error}") from error
    else:
        content = _changed(_ask(name, "show", group, id=letter)["data"], settings)
    told = _ask(name, "edit", group, id=letter, data=content)
    if not talk.quiet:
        emit(f"{told['id']} says now\n{printable_json(told['data'])}\n")


def _changed(data: Any, settings: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
    """Set fields; of what is inside by dots: address.city=Ulm, lines.0.quantity=2."""
    try:
        changes = pairs_of(settings, "--set")
    except ValueError as error:
        raise UserMistake(str(error)) from error
    for path, text in changes.items():
        *outer, last = path.split(".")
        place = data
        try:
            for step in outer:
                place = place[int(step) if isinstance(place, list) else step]
            key = int(last) if isinstance(place, list) else last
            place[key]  # a field that is not there would be a slip of the pen
            value = plain(text)
            place[key] = text if isinstance(value, Trap) else value
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise UserMistake(f"--set {path}: the letter has no such field") from error
    return data


def send(verb: str, name: str, letter: str | None, group: str | None, talk: Talk) -> None:
    """Replay or drop one letter, or all."""
    words = {"all": True} if letter is None else {"id": letter}
    letters: Sequence[Mapping[str, Any]] = _ask(name, verb, group, **words)
    if talk.quiet:
        return
    lines = [f"{one['id']} to {one['group']}: {_DONE[verb]}" for one in letters]
    emit("\n".join([*lines, ""]) if lines else "no dead letters\n")


def printable_json(data: object) -> str:
    """Write plain values for people."""
    return "\n".join(printable(line) for line in json_text(data).splitlines())
