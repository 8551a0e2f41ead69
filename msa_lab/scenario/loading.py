"""Loads scenarios: every mistake of a file at once, each with its place; nothing is started before."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msa_lab.chaos import At, FaultSpec, names_of, parse_faults
from msa_lab.errors import UserMistake
from msa_lab.scenario.expecting import ExpectationReader
from msa_lab.scenario.flowing import FlowReader
from msa_lab.scenario.form import SCHEMA, InvariantsForm, PhaseForm, ScenarioForm
from msa_lab.scenario.model import NO_CHAOS, Expectation, Phase, Scenario, SteadyState, Step
from msa_lab.scenario.templates import SHOPPER, complain, filled
from msa_lab.scenario.vocabulary import Vocabulary, vocabulary
from msa_lab.scenario.world import World
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.sdk.values import Duration, Instant, seconds
from msa_lab.source import (
    Document,
    MissingUnit,
    Mistakes,
    Path,
    did_you_mean,
    digest,
    fill,
    fill_at,
    find,
    format_duration,
    meant,
    names,
    quoted,
    read_file,
    salvage,
)
from msa_lab.source.mistakes import BAD_VALUE, CONTRADICTION, MISSING_UNIT, UNKNOWN_NAME, WRONG_TYPE
from msa_lab.topology.checking import setting_value

INVARIANTS: Final = "invariants"
RESERVED: Final = ("list", "run", "show", "lint", "new", "record", "fmt")
SHORTEST_SETTLE: Final = seconds(10)
_HEAD: Final = {"schema": SCHEMA, "id": "unnamed", "title": "unnamed", "flows": {}, "load": [{}]}


def list_scenarios(search: Sequence[pathlib.Path]) -> dict[str, pathlib.Path]:
    """Give the scenario files by name, sorted; earlier folders hide later ones."""
    return {name: path for name, path in names(search).items() if name != INVARIANTS}


def load_scenario(
    name_or_path: str,
    search: Sequence[pathlib.Path],
    specs: Sequence[ServiceSpec],
    variables: Mapping[str, Any] | None = None,
) -> Scenario:
    """Load a scenario by name from the folders of `search`, or by path; `variables` replace the file's.

    Raises:
        InvalidFile: with all mistakes of the file.
        UserMistake: when there is no such file.
        EnvironmentTrouble: when it cannot be read.
    """
    path = _locate(name_or_path, search)
    document = read_file(path)
    mistakes = Mistakes()
    folders = [path.parent, *search]
    return read_scenario(document, specs, _invariants(folders, specs, mistakes), mistakes, variables or {})


def _locate(name_or_path: str, search: Sequence[pathlib.Path]) -> pathlib.Path:
    known = list_scenarios(search)
    if name_or_path in known:
        return known[name_or_path]
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        return find("scenario", name_or_path, ())
    guess = meant(name_or_path, known)
    there = f"\n  there are: {', '.join(known)}" if known else ""
    raise UserMistake(f"unknown scenario {quoted(name_or_path)}{guess}{there}")


def read_scenario(
    document: Document,
    specs: Sequence[ServiceSpec],
    shared: Mapping[str, Expectation],
    mistakes: Mistakes,
    variables: Mapping[str, Any],
) -> Scenario:
    """Read a scenario from a document; `shared` are the invariants that it may name.

    Raises:
        InvalidFile: with the mistakes found here and those noted before.
    """
    mistakes.know(document.file, document.text)
    document, known = _with_variables(document, variables, mistakes)
    form = fill(document, ScenarioForm, mistakes) or salvage(document, ScenarioForm, _HEAD)
    if form is None:
        mistakes.raise_if_any()
        raise AssertionError("a form that cannot be filled has mistakes")
    reader = _Reader(document, specs, mistakes)
    scenario = reader.scenario(form, shared, known)
    mistakes.raise_if_any()
    return scenario


def _with_variables(
    document: Document, variables: Mapping[str, Any], mistakes: Mistakes
) -> tuple[Document, dict[str, Any]]:
    """Fill `${name}` everywhere; in a flow not the names that it captures or picks itself."""
    data = document.data
    if not isinstance(data, dict):
        return document, {}
    declared = data.get("vars")
    declared = declared if isinstance(declared, dict) else {}
    for name in variables:
        if name not in declared:
            near = did_you_mean(name, declared)
            message = f"there is no variable {quoted(name)} to set"
            mistakes.add(UNKNOWN_NAME, message, document.place(("vars",), key=True), near)
    known = {**declared, **{name: value for name, value in variables.items() if name in declared}}
    for name in known:
        if name == SHOPPER:
            message = f"{quoted(name)} is the shopper's number; choose another name"
            mistakes.add(BAD_VALUE, message, document.place(("vars", name), key=True))
    for key, value in data.items():
        if key not in ("flows", "vars"):
            complain(document, (key,), value, known, mistakes)
    whole = {key: value if key == "vars" else filled(value, known) for key, value in data.items()}
    flows = data.get("flows")
    if isinstance(flows, dict):
        whole["flows"] = {name: _filled_flow(flow, known) for name, flow in flows.items()}
    return dataclasses.replace(document, data=whole), known


def _filled_flow(flow: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the file says
    own = dict.fromkeys(_given_names(flow))
    return filled(flow, {name: value for name, value in known.items() if name not in own})


def _given_names(steps: Any) -> Iterator[str]:  # noqa: ANN401 - whatever the file says
    """Give the names that the steps of a flow capture or pick."""
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            for key in ("capture", "pick"):
                yield from step[key] if isinstance(step.get(key), dict) else ()
            yield from _given_names(step.get("steps"))


def _invariants(
    folders: Sequence[pathlib.Path], specs: Sequence[ServiceSpec], mistakes: Mistakes
) -> dict[str, Expectation]:
    path = next(
        (folder / f"{INVARIANTS}.yaml" for folder in folders if (folder / f"{INVARIANTS}.yaml").is_file()),
        None,
    )
    if path is None:
        return {}
    document = read_file(path)
    form = fill(document, InvariantsForm, mistakes)
    if form is None:
        return {}
    reader = ExpectationReader(document, World(vocabulary(specs)), mistakes)
    for index in range(len(form.expect)):
        reader.read(("expect", index))
    return reader.found


class _Reader:
    """Builds one scenario, noting mistakes as it goes; what it gives after a mistake is not for use."""

    def __init__(self, document: Document, specs: Sequence[ServiceSpec], mistakes: Mistakes) -> None:
        self.document = document
        self.specs = specs
        self.mistakes = mistakes
        self.words: Vocabulary = vocabulary(specs)

    def scenario(
        self, form: ScenarioForm, shared: Mapping[str, Expectation], variables: Mapping[str, Any]
    ) -> Scenario:
        if form.id in RESERVED:
            self.wrong(
                BAD_VALUE, f"{quoted(form.id)} is a word of the command line; choose another id", ("id",)
            )
        flows = self.flows(form, variables)
        load = self.load(form)
        expect, steady = self.expect(form, shared)
        end = max((phase.end for phase in load), default=Instant(0))
        duration = form.duration if form.duration is not None else Duration(end)
        if end > duration:
            message = f"the load goes on until {format_duration(Duration(end))}, longer than the scenario"
            self.wrong(CONTRADICTION, message, ("duration",))
        profiles = self.profiles(form, duration)
        withins = [item.within for item in expect if item.within is not None]
        given, config = self.given(form)
        return Scenario(
            id=form.id, title=form.title, why=form.why, tags=form.tags, seed=form.seed, duration=duration,
            topology=form.topology, given=given, config=config, flows=flows, load=load, steady=steady,
            chaos_default=self.default(form), profiles=profiles, expect=expect, variables=variables,
            settle=form.settle if form.settle is not None else max([SHORTEST_SETTLE, *withins]),
            file=self.document.file, sha256=digest(self.document),
        )  # fmt: skip

    def given(self, form: ScenarioForm) -> tuple[dict[str, Any], dict[str, Any]]:
        given: dict[str, Any] = {}
        config: dict[str, Any] = {}
        for name, value in form.given.items():
            path: Path = ("given", name)
            fixture = self.words.fixtures.get(name)
            if name == "config" and isinstance(value, dict):
                config = {key: self.setting(key, inner) for key, inner in value.items()}
            elif name == "config":
                self.wrong(WRONG_TYPE, "config must be a mapping of settings", path)
            elif fixture is None:
                self.unknown("fixture", name, [*self.words.fixtures, "config"], path, key=True)
            else:
                given[name] = fill_at(self.document, path, fixture.schema, self.mistakes)
        return given, config

    def setting(self, name: str, value: Any) -> Any:  # noqa: ANN401 - whatever the setting takes
        path: Path = ("given", "config", name)
        setting = self.words.settings.get(name)
        if setting is None:
            self.unknown("setting", name, self.words.settings, path, key=True)
            return None
        try:
            return setting_value(setting, value)
        except MissingUnit as mistake:
            self.wrong(MISSING_UNIT, str(mistake), path)
        except ValueError as mistake:
            self.wrong(BAD_VALUE, str(mistake), path)
        return None

    def flows(self, form: ScenarioForm, variables: Mapping[str, Any]) -> dict[str, tuple[Step, ...]]:
        reader = FlowReader(self.document, self.words, self.mistakes, tuple(variables))
        return {name: reader.read(("flows", name), steps) for name, steps in form.flows.items()}

    def load(self, form: ScenarioForm) -> tuple[Phase, ...]:
        phases: dict[str, Phase] = {}
        start = Instant(0)
        for index, _ in enumerate(self.items("load")):
            if self.mistakes.full:
                break
            path: Path = ("load", index)
            phase: PhaseForm | None = fill_at(self.document, path, PhaseForm, self.mistakes)
            if phase is None:
                continue
            if phase.flow not in form.flows:
                self.unknown("flow", phase.flow, form.flows, (*path, "flow"))
            if phase.phase in phases:
                self.wrong(CONTRADICTION, f"two phases are called {quoted(phase.phase)}", (*path, "phase"))
            if phase.for_ <= 0:
                self.wrong(BAD_VALUE, "a phase must take some time", (*path, "for"))
            if phase.at is not None:
                start = Instant(phase.at)
            read = Phase(phase.phase, phase.flow, phase.rate, phase.for_, start, phase.arrivals)
            phases[phase.phase] = read
            start = read.end
        return tuple(phases.values())

    def profiles(self, form: ScenarioForm, end: Duration) -> dict[str, tuple[FaultSpec, ...]]:
        known = names_of(self.specs, flows=form.flows)
        found = {}
        for name, faults in form.chaos.profiles.items():
            path: Path = ("chaos", "profiles", name)
            if name == NO_CHAOS:
                self.wrong(BAD_VALUE, f"{quoted(name)} means no chaos; choose another name", path, key=True)
            found[name] = parse_faults(faults, self.document, path, known, self.mistakes)
            for index, fault in enumerate(faults):
                self.in_time(fault, (*path, index), found[name], end)
        return found

    def in_time(self, fault: object, path: Path, read: Sequence[FaultSpec], end: Duration) -> None:
        """Note a fault that would begin when the load is over: it could touch nothing."""
        name = (fault.get("id") or fault.get("kind")) if isinstance(fault, dict) else None
        for spec in read:
            if spec.id == name and isinstance(spec.start, At) and spec.start.instant >= end:
                message = f"this fault begins when the scenario is over, after {format_duration(end)}"
                self.wrong(CONTRADICTION, message, (*path, "at"))

    def default(self, form: ScenarioForm) -> str:
        default, profiles = form.chaos.default, form.chaos.profiles
        if default is not None and default not in profiles:
            self.unknown("chaos profile", default, profiles, ("chaos", "default"))
        return default or next(iter(profiles), NO_CHAOS)

    def items(self, key: str) -> list[Any]:
        """Give a list as written, mistakes and all; an empty one if there is none."""
        data = self.document.data
        written = data.get(key) if isinstance(data, dict) else None
        return written if isinstance(written, list) else []

    def phase_names(self) -> list[str]:
        """List the phases as written, those with other mistakes too."""
        phases = [phase.get("phase") for phase in self.items("load") if isinstance(phase, dict)]
        return [name for name in phases if isinstance(name, str)]

    def expect(
        self, form: ScenarioForm, shared: Mapping[str, Expectation]
    ) -> tuple[tuple[Expectation, ...], SteadyState | None]:
        reader = ExpectationReader(
            self.document,
            World(self.words),
            self.mistakes,
            self.phase_names(),
            tuple(form.chaos.profiles),
        )
        named = []
        for index, name in enumerate(form.invariants):
            if name in shared:
                named.append(shared[name])
            else:
                self.unknown("invariant", name, shared, ("invariants", index))
        for index, _ in enumerate(self.items("expect")):
            reader.read(("expect", index))
        for index, item in enumerate(named):
            if item.id in reader.found:
                message = f"{quoted(item.id)} is among the invariants and the expectations"
                self.wrong(CONTRADICTION, message, ("invariants", index))
        steady = None
        if form.steady_state is not None:
            checks = [
                reader.check(("steady_state", "checks", index), text)
                for index, text in enumerate(form.steady_state.checks)
            ]
            steady = SteadyState(form.steady_state.over, tuple(checks))
        return (*named, *reader.found.values()), steady

    def unknown(self, what: str, word: str, known: Any, path: Path, *, key: bool = False) -> None:  # noqa: ANN401 - names
        choice = sorted(known)
        hint = f"there are: {', '.join(choice)}" if choice else f"there is no {what} here"
        place = self.document.place(path, key=key)
        self.mistakes.add(
            UNKNOWN_NAME, f"unknown {what} {quoted(word)}", place, did_you_mean(word, choice), hint
        )

    def wrong(self, code: str, message: str, path: Path, *, key: bool = False) -> None:
        self.mistakes.add(code, message, self.document.place(path, key=key))
