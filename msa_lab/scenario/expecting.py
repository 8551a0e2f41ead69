"""Reads expectations: each of one kind, in the words of the shop, every mistake with its place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from msa_lab.scenario.expressions import (
    BOOL,
    Compiled,
    InvalidExpression,
    Scope,
    Unresolved,
    compile_expression,
)
from msa_lab.scenario.form import KINDS, ExpectationForm
from msa_lab.scenario.model import NO_CHAOS, Check, Expectation, ExpectationKind
from msa_lab.scenario.scopes import EntityScope, RunScope, ThresholdScope, entity_table
from msa_lab.scenario.world import World
from msa_lab.source import Document, Mistakes, Path, did_you_mean, fill_at, listed, quoted
from msa_lab.source.mistakes import BAD_VALUE, CONTRADICTION, MISSING_KEY, MISSING_UNIT, UNKNOWN_NAME


@dataclass(slots=True)
class ExpectationReader:
    """Reads the expectations of one document. `phases` and `profiles` are None where they are not known."""

    document: Document
    world: World
    mistakes: Mistakes
    phases: Collection[str] | None = None
    profiles: Collection[str] | None = None
    found: dict[str, Expectation] = field(default_factory=dict)

    def read(self, path: Path) -> None:
        """Read the expectation at a path into `found`, unless there are mistakes enough."""
        if self.mistakes.full:
            return
        form = fill_at(self.document, path, ExpectationForm, self.mistakes)
        if form is None:
            return
        if form.id in self.found:
            self._wrong(CONTRADICTION, f"two expectations are called {quoted(form.id)}", (*path, "id"))
        kind = self._kind(form, path)
        if kind is None:
            return
        written = getattr(form, "finally_" if kind == "finally" else kind)
        text = form.threshold or "" if kind == "metric" else written
        self._fits(form, kind, path)
        if kind == "metric":
            self._metric(form, path)
        elif form.each is not None:
            self._each(form, form.each, (*path, kind), written)
        else:
            scope = RunScope(self.world, lists=kind in ("finally", "evidence"))
            self.compile((*path, kind), written, scope)
        self.found[form.id] = Expectation(
            id=form.id,
            kind=kind,
            text=text,
            place=self.document.place((*path, "id")),
            each=form.each or "",
            where=form.where or "",
            within=form.within,
            metric=form.metric or "",
            during=form.during or "",
            severity=form.severity,
            why=form.why,
            doc=form.doc,
            profiles=form.profiles,
        )

    def check(self, path: Path, text: str) -> Check:
        """Read a check of the steady state."""
        self.compile(path, text, RunScope(self.world))
        return Check(text, self.document.place(path))

    def compile(self, path: Path, text: str, scope: Scope) -> Compiled | None:
        """Compile an expression; None when there were mistakes, which are noted at their place within it."""
        try:
            return compile_expression(text, scope, BOOL)
        except InvalidExpression as invalid:
            for problem in invalid.problems:
                place = self.document.place_in(path, problem.offset, problem.length)
                code = _code(problem.message)
                self.mistakes.add(code, problem.message, place, problem.suggestion, problem.hint)
            return None

    def _kind(self, form: ExpectationForm, path: Path) -> ExpectationKind | None:
        given: list[ExpectationKind] = [
            kind
            for kind in ("always", "never", "eventually", "finally", "metric", "evidence")
            if getattr(form, "finally_" if kind == "finally" else kind) is not None
        ]
        if len(given) == 1:
            return given[0]
        if given:
            message = f"an expectation is of one kind; this is {listed(given)}"
            self._wrong(CONTRADICTION, message, (*path, given[1]), key=True)
        else:
            self._wrong(MISSING_KEY, f"an expectation needs one of {listed(KINDS)}", (*path, "id"))
        return None

    def _fits(self, form: ExpectationForm, kind: ExpectationKind, path: Path) -> None:
        belongs = {
            "threshold": (form.threshold, kind == "metric"),
            "during": (form.during, kind == "metric"),
            "within": (form.within, kind == "eventually"),
            "each": (form.each, kind not in ("metric", "evidence")),
            "where": (form.where, form.each is not None),
        }
        for key, (value, fits) in belongs.items():
            if value is not None and not fits:
                without = "without 'each'" if key == "where" else f"with {kind!r}"
                self._wrong(CONTRADICTION, f"{quoted(key)} says nothing {without}", (*path, key), key=True)
        if self.profiles is not None:
            for index, profile in enumerate(form.profiles):
                if profile not in self.profiles and profile != NO_CHAOS:
                    self._unknown("chaos profile", profile, self.profiles, (*path, "profiles", index))

    def _metric(self, form: ExpectationForm, path: Path) -> None:
        known = self.world.words.metrics
        name = form.metric or ""
        if form.during is not None and self.phases is not None and form.during not in self.phases:
            self._unknown("phase", form.during, self.phases, (*path, "during"))
        if name not in known:
            self._unknown("metric", name, known, (*path, "metric"))
        if form.threshold is None:
            message = "a metric needs a threshold such as p(95) < 3s"
            self._wrong(MISSING_KEY, message, (*path, "metric"), key=True)
        elif name in known:
            scope = ThresholdScope(self.world.metrics.want(name), known[name].unit)
            self.compile((*path, "threshold"), form.threshold, scope)

    def _each(self, form: ExpectationForm, entity: str, path: Path, text: str) -> None:
        try:
            entity_table(self.world, entity)
        except Unresolved as unknown:
            place = self.document.place((*path[:-1], "each"))
            self.mistakes.add(UNKNOWN_NAME, unknown.message, place, unknown.suggestion, unknown.hint)
            return
        scope = EntityScope(self.world, entity)
        self.compile(path, text, scope)
        if form.where is not None:
            self.compile((*path[:-1], "where"), form.where, scope)

    def _unknown(self, what: str, word: str, known: Collection[str], path: Path) -> None:
        hint = f"there are: {', '.join(sorted(known))}" if 0 < len(known) <= 24 else None  # noqa: PLR2004 - a line or two
        place = self.document.place(path)
        near = did_you_mean(word, known)
        self.mistakes.add(UNKNOWN_NAME, f"unknown {what} {quoted(word)}", place, near, hint)

    def _wrong(self, code: str, message: str, path: Path, *, key: bool = False) -> None:
        self.mistakes.add(code, message, self.document.place(path, key=key))


def _code(message: str) -> str:
    if message.startswith("unknown"):
        return UNKNOWN_NAME
    return MISSING_UNIT if "has no unit" in message else BAD_VALUE
