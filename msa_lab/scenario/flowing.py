"""Reads flows: every step checked against the operations, sagas and names that it uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from msa_lab.scenario.form import STEPS, AwaitForm, CallForm, PickForm, RepeatForm, ThinkForm
from msa_lab.scenario.model import Await, Call, Pick, Repeat, Step, Think
from msa_lab.scenario.paths import parse_path
from msa_lab.scenario.templates import SHOPPER, complain, names_in
from msa_lab.scenario.vocabulary import Vocabulary
from msa_lab.sdk.contract import Operation
from msa_lab.source import Document, Mistakes, Path, did_you_mean, fill_at, listed, quoted
from msa_lab.source.mistakes import BAD_VALUE, CONTRADICTION, MISSING_KEY, UNKNOWN_NAME, WRONG_TYPE
from msa_lab.telemetry.sagas import STATES

TOKEN: Final = "token"  # noqa: S105 - the name of a variable
_EVERYWHERE: Final = ("unauthenticated", "forbidden", "not-found", "too-many-requests")
_DEEPEST: Final = 3


@dataclass(slots=True)
class FlowReader:
    """Reads the flows of one document; `names` are what a shopper knows at the step being read."""

    document: Document
    words: Vocabulary
    mistakes: Mistakes
    variables: Collection[str] = ()
    names: dict[str, None] = dataclasses.field(default_factory=dict)

    def read(self, path: Path, steps: Collection[Any]) -> tuple[Step, ...]:
        """Read one flow at a path."""
        self.names = dict.fromkeys([SHOPPER, *self.variables])
        if not steps:
            self._wrong(MISSING_KEY, "a flow needs steps", path, key=True)
        return self._steps(path, steps, 0)

    def _steps(self, path: Path, steps: Collection[Any], depth: int) -> tuple[Step, ...]:
        read = [
            None if self.mistakes.full else self._step((*path, index), step, depth)
            for index, step in enumerate(steps)
        ]
        return tuple(step for step in read if step is not None)

    def _step(self, path: Path, step: object, depth: int) -> Step | None:
        if not isinstance(step, dict):
            self._wrong(WRONG_TYPE, f"a step must be a mapping with {listed(STEPS)}", path)
            return None
        verbs = [verb for verb in STEPS if verb in step]
        if len(verbs) != 1:
            message = f"a step is one of {listed(STEPS)}" + (f", not {' and '.join(verbs)}" if verbs else "")
            first = next(iter(step), None)
            near = did_you_mean(first, STEPS) if isinstance(first, str) and not verbs else None
            place = self.document.place((*path, first) if first is not None else path, key=first is not None)
            self.mistakes.add(CONTRADICTION if verbs else MISSING_KEY, message, place, near)
            return None
        form = fill_at(self.document, path, STEPS[verbs[0]], self.mistakes)
        return None if form is None else self._read(path, form, depth)

    def _read(self, path: Path, form: object, depth: int) -> Step | None:
        match form:
            case CallForm():
                return self._call(path, form)
            case AwaitForm():
                return self._await((*path, "await"), form)
            case PickForm():
                self.names.update(dict.fromkeys(form.pick))
                return Pick(form.pick)
            case RepeatForm() if depth < _DEEPEST:
                return Repeat(form.repeat, self._steps((*path, "steps"), form.steps, depth + 1))
            case ThinkForm():
                return Think(form.think)
        self._wrong(BAD_VALUE, "repeat is nested too deep", (*path, "repeat"), key=True)
        return None

    def _call(self, path: Path, form: CallForm) -> Call:
        operation = self.words.operations.get(form.call)
        reachable = [name for name, known in self.words.operations.items() if known.access != "internal"]
        if operation is None:
            self._unknown("operation", form.call, reachable, (*path, "call"))
        elif operation.access == "internal":
            message = f"{form.call} is internal: shoppers cannot reach it"
            self.mistakes.add(BAD_VALUE, message, self.document.place((*path, "call")))
        else:
            self._arguments((*path, "with"), form.with_, operation)
            self._refused(path, form.refused, operation)
            if operation.access in ("user", "admin") and TOKEN not in self.names and not form.refused:
                self.mistakes.add(
                    BAD_VALUE,
                    f"{form.call} needs somebody who is logged in",
                    self.document.place((*path, "call")),
                    hint=f"capture a {TOKEN} in an earlier step: capture: {{{TOKEN}: $.{TOKEN}}}",
                )
        complain(self.document, (*path, "with"), form.with_, self.names, self.mistakes)
        for name, where in form.capture.items():
            try:
                parse_path(where)
            except ValueError as mistake:
                self.mistakes.add(BAD_VALUE, str(mistake), self.document.place((*path, "capture", name)))
        self.names.update(dict.fromkeys(form.capture))
        return Call(form.call, form.with_, form.capture, form.refused or "")

    def _arguments(self, path: Path, arguments: dict[str, Any], operation: Operation[Any, Any]) -> None:
        if arguments and next(names_in(arguments), None) is None:
            fill_at(self.document, path, operation.request, self.mistakes)
            return
        fields = {field.name: field for field in dataclasses.fields(operation.request)}
        for name in arguments:
            if name not in fields:
                self._unknown(f"argument of {operation.name}", name, fields, (*path, name), key=True)
        for name, field in fields.items():
            optional = (
                field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
            )
            if name not in arguments and not optional:
                where = path if arguments else (*path[:-1], "call")
                self._wrong(MISSING_KEY, f"{operation.name} needs {quoted(name)}", where, key=bool(arguments))

    def _refused(self, path: Path, refused: str | None, operation: Operation[Any, Any]) -> None:
        codes = (*(error.code for error in operation.errors), *_EVERYWHERE)
        if refused is not None and refused not in codes:
            self._unknown(f"refusal of {operation.name}", refused, codes, (*path, "refused"))

    def _await(self, path: Path, form: AwaitForm) -> Await:
        wanted = form.await_
        if wanted.saga not in self.words.sagas:
            self._unknown("saga", wanted.saga, self.words.sagas, (*path, "saga"))
        for index, state in enumerate(wanted.in_):
            if state not in STATES:
                self._unknown("saga state", state, STATES, (*path, "in", index))
        where: Path = (*path, "of") if wanted.of != "${order_id}" else (*path, "saga")
        missing = [name for name in names_in(wanted.of) if name not in self.names]
        if missing:
            self.mistakes.add(
                UNKNOWN_NAME,
                f"nothing gives '${{{missing[0]}}}' a value",
                self.document.place(where),
                did_you_mean(missing[0], self.names),
                f"capture it in an earlier step: capture: {{{missing[0]}: $.{missing[0]}}}",
            )
        return Await(wanted.saga, wanted.in_, wanted.within, wanted.of)

    def _unknown(
        self, what: str, word: str, known: Collection[str], path: Path, *, key: bool = False
    ) -> None:
        hint = f"there are: {', '.join(known)}" if 0 < len(known) <= 24 else None  # noqa: PLR2004 - a line or two
        place = self.document.place(path, key=key)
        self.mistakes.add(
            UNKNOWN_NAME, f"unknown {what} {quoted(word)}", place, did_you_mean(word, known), hint
        )

    def _wrong(self, code: str, message: str, path: Path, *, key: bool = False) -> None:
        self.mistakes.add(code, message, self.document.place(path, key=key))
