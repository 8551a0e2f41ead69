"""Dead letters of a running shop: look at them, mend them, hand them out again, or drop them."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import msgspec

from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.runtime.process.admin import Tell, Verb
from msa_lab.runtime.process.bus import Broker, BrokerAway, DeadLetter, NoSuchLetter
from msa_lab.runtime.process.control import Control
from msa_lab.runtime.process.endpoints import broker_of, groups_of
from msa_lab.runtime.process.records import adapter
from msa_lab.source import meant, quoted


class LetterVerbs:
    """The verbs of `msalab dlq`."""

    def __init__(self, control: Control) -> None:
        self._control = control
        specs = control.blueprint.specs
        self._groups = tuple(groups_of(specs))
        self._events = {
            (spec.name, part.type.name): part.event for spec in specs for part in spec.subscriptions
        }
        self._broker: Broker | None = None
        self.verbs: dict[str, Verb] = {
            "dlq.list": self._list, "dlq.show": self._show, "dlq.edit": self._edit,
            "dlq.replay": self._replay, "dlq.drop": self._drop,
        }  # fmt: skip

    async def close(self) -> None:
        """Leave the broker."""
        if self._broker is not None:
            await self._broker.close()

    @property
    def _connected(self) -> Broker:
        if self._broker is None:
            self._broker = broker_of(self._control.blueprint)
        return self._broker

    # -- verbs --------------------------------------------------------------------------------------------

    async def _list(self, words: Mapping[str, Any], _tell: Tell) -> list[dict[str, Any]]:
        with _answering():
            return [_plain(letter) for letter in await self._all(words)]

    async def _show(self, words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        with _answering():
            return _plain(await self._one(words))

    async def _edit(self, words: Mapping[str, Any], _tell: Tell) -> dict[str, Any]:
        with _answering():
            letter = await self._one(words)
            data = words.get("data")
            self._check(letter, data)
            edited = await self._connected.letters.edit(letter.group, letter.message.id, data)
            self._note("edited", letter)
            return _plain(edited)

    async def _replay(self, words: Mapping[str, Any], _tell: Tell) -> list[dict[str, Any]]:
        return await self._each(words, "replayed", self._connected.letters.replay)

    async def _drop(self, words: Mapping[str, Any], _tell: Tell) -> list[dict[str, Any]]:
        return await self._each(words, "dropped", self._connected.letters.drop)

    async def _each(
        self, words: Mapping[str, Any], what: str, do: Callable[[str, str], Awaitable[None]]
    ) -> list[dict[str, Any]]:
        """Do something to one letter, or to all of a group or of every group."""
        with _answering():
            chosen = await self._all(words) if words.get("all") else [await self._one(words)]
            for letter in chosen:
                await do(letter.group, letter.message.id)
                self._note(what, letter)
        return [_plain(letter) for letter in chosen]

    # -- letters ------------------------------------------------------------------------------------------

    async def _all(self, words: Mapping[str, Any]) -> list[DeadLetter]:
        group = words.get("group")
        if group is None:
            return await self._connected.letters.listed(self._groups)
        if group not in self._groups:
            guess = meant(str(group), self._groups)
            raise UserMistake(f"no consumer group {quoted(str(group))}{guess}")
        return await self._connected.letters.listed((group,))

    async def _one(self, words: Mapping[str, Any]) -> DeadLetter:
        name = str(words.get("id", ""))
        letters = await self._all(words)
        found = [letter for letter in letters if letter.message.id == name]
        if len(found) == 1:
            return found[0]
        if found:
            groups = ", ".join(letter.group for letter in found)
            raise UserMistake(f"several groups have a dead letter {quoted(name)}\n  --group: one of {groups}")
        guess = meant(name, [letter.message.id for letter in letters])
        raise UserMistake(f"there is no dead letter {quoted(name)}{guess}\n  list them:  msalab dlq list")

    def _check(self, letter: DeadLetter, data: object) -> None:
        """Refuse content that the event cannot have: it would only come back."""
        declared = self._events.get((letter.group, letter.message.event))
        if declared is None:
            return
        try:
            adapter(declared).validate_python(data)
        except ValueError as error:
            first = str(error).splitlines()
            shown = "\n  ".join(line.strip() for line in first[1:3])
            raise UserMistake(f"{letter.message.event} cannot have this content\n  {shown}") from None

    def _note(self, what: str, letter: DeadLetter) -> None:
        text = f"dead letter {letter.message.id} of {letter.group} was {what} by hand"
        self._control.note("note", {"message": text, "id": letter.message.id, "group": letter.group})


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except BrokerAway as away:
        raise EnvironmentTrouble(f"the broker does not answer: {away}") from away
    except NoSuchLetter as gone:
        raise UserMistake("that dead letter is gone: somebody else was quicker") from gone


def _plain(letter: DeadLetter) -> dict[str, Any]:
    """Give a letter as plain values; `at` in seconds of the shop's time."""
    message = letter.message
    return {
        "id": message.id, "group": letter.group, "event": message.event, "topic": message.topic,
        "key": message.key, "saga": message.saga, "reason": letter.reason, "attempts": letter.attempts,
        "at": letter.at / 1_000_000, "data": msgspec.to_builtins(message.data),
    }  # fmt: skip
