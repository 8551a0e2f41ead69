"""Mistakes are collected, so that all of a file are told at once, and raised together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msa_lab.errors import UserMistake
from msa_lab.source.mistakes import Mistake
from msa_lab.source.places import Place
from msa_lab.source.rendering import render


class InvalidFile(UserMistake):
    """All mistakes of one or more files, in reading order; `sources` are the texts by file name."""

    def __init__(self, mistakes: Iterable[Mistake], sources: Mapping[str, str] | None = None) -> None:
        self.mistakes = tuple(mistakes)
        self.sources = dict(sources or {})
        super().__init__("; ".join(f"{mistake.place}: {mistake.message}" for mistake in self.mistakes[:3]))

    def render(self, sources: Mapping[str, str] | None = None) -> str:
        """Give the plain text for people: each mistake with its lines, caret and way out, and the count."""
        return render(self.mistakes, {**self.sources, **(sources or {})})


ENOUGH = 200


class Mistakes:
    """Collects mistakes; each is kept once."""

    def __init__(self) -> None:
        self._found: dict[Mistake, None] = {}
        self.sources: dict[str, str] = {}

    @property
    def found(self) -> tuple[Mistake, ...]:
        """What was found so far, in reading order; within a file by line and column."""
        return tuple(sorted(self._found, key=lambda mistake: mistake.place))

    @property
    def full(self) -> bool:
        """Whether so many were found that looking for more would help nobody."""
        return len(self._found) >= ENOUGH

    def add(
        self,
        code: str,
        message: str,
        place: Place,
        suggestion: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Note a mistake."""
        self._found.setdefault(Mistake(code, message, place, suggestion, hint))

    def know(self, file: str, text: str) -> None:
        """Remember a file's text, to show lines of it."""
        self.sources[file] = text

    def take(self, invalid: InvalidFile) -> None:
        """Note all mistakes of another collection."""
        self.sources.update(invalid.sources)
        for mistake in invalid.mistakes:
            self._found.setdefault(mistake)

    def raise_if_any(self) -> None:
        """End the collecting.

        Raises:
            InvalidFile: when something was found.
        """
        if self._found:
            raise InvalidFile(self.found, self.sources)
