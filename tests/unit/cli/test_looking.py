"""The commands that look at kept runs and at what there is, typed against one run."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

Msalab = Callable[..., Any]
HURT = ("--fault", "pay.timeout_charged psp count=1 for 3s")


@pytest.fixture
def played(msalab: Msalab) -> dict[str, Any]:
    """The result of a run whose first payment was hurt."""
    result: dict[str, Any] = json.loads(msalab("scenario", "breaks", "--json", *HURT).out)
    return result


def test_sagas_are_listed_with_their_states(msalab: Msalab, played: dict[str, Any]) -> None:
    lines = msalab("saga", "list").out.splitlines()

    count = played["sagas"]["started"]
    assert lines[0].split() == ["id", "saga", "state", "began", "took", "retries", "failure"]
    assert re.fullmatch(r"✓  ord-0001  checkout  COMPLETED  T\+\d\.\d{3}  +\d\.\d{3} s(  +\d)?", lines[1])
    assert lines[-1] == f"{count} sagas of run {played['run']}"
    assert len(lines) == count + 3


def test_sagas_can_be_chosen_by_what_became_of_them(msalab: Msalab, played: dict[str, Any]) -> None:
    listed = json.loads(msalab("saga", "list", "--where", 'id == "ord-0002" and took > 1ms', "--json").out)

    assert listed["run"] == played["run"]
    assert [saga["id"] for saga in listed["sagas"]] == ["ord-0002"]


@pytest.mark.usefixtures("played")
def test_a_wrong_choice_is_shown_in_place(msalab: Msalab) -> None:
    ended = msalab("saga", "list", "--where", 'stat == "COMPLETED"')

    assert ended.code == 3
    assert "   1 | stat == \"COMPLETED\"\n     | ^^^^ did you mean 'state'?\n" in ended.err


@pytest.mark.usefixtures("played")
def test_why_tells_the_fault_and_what_it_led_to(msalab: Msalab) -> None:
    ended = msalab("saga", "why", "ord-0001")

    assert ended.out.startswith("saga ord-0001 (checkout): COMPLETED after ")
    told = re.findall(r"^  T\+\d\.\d{3}  ( *→ )?(.*)$", ended.out, re.MULTILINE)
    assert told[0] == ("", "FAULT pay.timeout_charged: pay.timeout_charged on psp began")
    assert "the reply of psp.create_intent was lost (fault" in ended.out
    assert "payment tried psp.create_intent again (try 2)" in ended.out
    broke = ended.out.partition("  it broke\n")[2].splitlines()
    assert re.fullmatch(r"    ✗ nobody-pays  psp.captured = \d+  at T\+\d\.\d{3}", broke[0])
    assert broke[1:3] == ["      why: In this shop everything is free.", "           docs/free.md"]


def test_why_as_json_names_the_fault(msalab: Msalab, played: dict[str, Any]) -> None:
    why = json.loads(msalab("--json", "saga", "why", "ord-0001", "--run", played["run"][:4]).out)

    assert (why["fault"], why["state"]) == ("pay.timeout_charged", "COMPLETED")
    assert why["story"][0]["text"] == "FAULT pay.timeout_charged: pay.timeout_charged on psp began"
    (violation,) = why["violations"]
    assert (violation["expectation"], violation["doc"]) == ("nobody-pays", "docs/free.md")
    assert violation["reason"] == "In this shop everything is free."


@pytest.mark.usefixtures("played")
def test_an_untouched_saga_says_so(msalab: Msalab) -> None:
    assert "no fault touched it" in msalab("saga", "why", "ord-0003").out or (
        "it broke" in msalab("saga", "why", "ord-0003").out
    )


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize("way", ["seq", "time", "state", "mermaid"])
def test_a_saga_can_be_drawn_in_every_way(msalab: Msalab, way: str) -> None:
    ended = msalab("saga", "show", "ord-0001", "--as", way)

    first = {"mermaid": "sequenceDiagram\n"}.get(way, "saga ord-0001 (checkout): COMPLETED after ")
    assert ended.code == 0
    assert ended.out.startswith(first)
    assert all(len(line) <= 80 for line in ended.out.splitlines())


@pytest.mark.usefixtures("played")
def test_a_saga_as_json_has_its_steps_and_events(msalab: Msalab) -> None:
    saga = json.loads(msalab("saga", "show", "ord-0001", "--as", "json").out)

    assert saga["state"] == "COMPLETED"
    assert {step["state"] for step in saga["steps"]} == {"done"}
    assert saga["events"][0]["kind"] == "saga.started"
    assert {event["saga"] for event in saga["events"]} == {"ord-0001"}


@pytest.mark.usefixtures("played")
def test_an_unknown_saga_is_told_with_the_nearest(msalab: Msalab) -> None:
    ended = msalab("saga", "show", "ord-001")

    assert ended.code == 3
    assert "has no saga 'ord-001'; did you mean 'ord-0001'?" in ended.err


def test_events_pass_a_filter_and_come_as_they_were_written(
    msalab: Msalab, workspace: Path, played: dict[str, Any]
) -> None:
    log = (workspace / "runs" / played["run"] / "events.jsonl").read_text().splitlines()
    wanted = [line for line in log if json.loads(line)["kind"] == "fault.started"]

    ended = msalab("events", played["run"], "--filter", 'kind == "fault.started"', "--jsonl")

    assert [json.loads(line) for line in ended.out.splitlines()] == [json.loads(line) for line in wanted]
    assert len(wanted) == 1


def test_a_run_is_given_as_traces_that_hang_together(msalab: Msalab, played: dict[str, Any]) -> None:
    bodies = [json.loads(line) for line in msalab("events", "--otlp").out.splitlines()]
    spans = [
        span
        for body in bodies
        for resource in body["resourceSpans"]
        for span in resource["scopeSpans"][0]["spans"]
    ]
    traces = {span["spanId"]: span["traceId"] for span in spans}

    assert len(traces) == len(spans) > 100
    assert {traces[span["parentSpanId"]] == span["traceId"] for span in spans if span["parentSpanId"]} == {
        True
    }
    began = datetime.fromisoformat(played["started"]).timestamp() * 1e9
    assert min(int(span["startTimeUnixNano"]) for span in spans) >= began
    assert all(int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) for span in spans)
    assert msalab("events", "--otlp", "--jsonl").code == 2


@pytest.mark.usefixtures("played")
def test_events_are_lines_for_people(msalab: Msalab) -> None:
    lines = msalab("events").out.splitlines()

    assert re.fullmatch(r" +1 T\+0\.000 +run\.started +.*seed 7.*", lines[0])
    assert len(lines) > 100


@pytest.mark.usefixtures("played")
def test_metrics_come_as_table_csv_and_json(msalab: Msalab) -> None:
    rows = list(csv.DictReader(io.StringIO(msalab("metrics", "--csv").out)))
    whole = json.loads(msalab("metrics", "--json").out)["metrics"]

    assert {row["metric"]: row["count"] for row in rows if row["count"]} == {
        name: str(values["count"]) for name, values in whole.items() if "count" in values
    }
    assert re.search(r"^saga\.checkout\.duration +\d+ ", msalab("metrics").out, re.MULTILINE)


def test_runs_are_listed_shown_and_deleted(msalab: Msalab, played: dict[str, Any]) -> None:
    second = json.loads(msalab("scenario", "tiny", "--json").out)["run"]

    listed = [run["run"] for run in json.loads(msalab("runs", "list", "--json").out)["runs"]]
    shown = msalab("runs", "show", played["run"])
    assert listed == [second, played["run"]]
    assert shown.out.startswith(f"✗ FAILED  run {played['run']}\n")
    assert (
        "  again    msalab scenario breaks --fault 'pay.timeout_charged psp count=1 for 3s' --seed 7\n"
        in shown.out
    )

    assert msalab("runs", "rm", played["run"][:5]).out == f"deleted {played['run']}\n"
    assert msalab("runs", "prune", "--keep", "0").out == "deleted 1 run, kept 0\n"
    assert msalab("runs", "list").out.startswith("no runs in runs\n")
    assert msalab("saga", "list").code == 3


def test_nothing_is_deleted_when_one_name_is_wrong(msalab: Msalab, played: dict[str, Any]) -> None:
    assert msalab("runs", "rm", played["run"], "zzzzzz").code == 3
    assert msalab("runs", "show", played["run"]).code == 0


@pytest.mark.parametrize("text", ["{", '{"run": 1}', ""])
def test_a_damaged_run_is_left_out_with_a_note(msalab: Msalab, workspace: Path, text: str) -> None:
    result = json.loads(msalab("scenario", "tiny", "--json").out)
    (workspace / "runs" / "bad000").mkdir()
    (workspace / "runs" / "bad000" / "run.json").write_text(text)

    ended = msalab("runs", "list")
    assert ended.code == 0
    assert result["run"] in ended.out
    assert "note: left out: runs/bad000/run.json is damaged" in ended.err
    assert msalab("saga", "list").code == 0
    assert msalab("runs", "show", "bad000").code == 4


def test_a_damaged_log_is_told_without_a_traceback(
    msalab: Msalab, workspace: Path, played: dict[str, Any]
) -> None:
    log = workspace / "runs" / played["run"] / "events.jsonl"
    log.write_bytes(b"\x00\xff{]\n" + log.read_bytes())

    ended = msalab("events")
    assert ended.code == 4
    assert "events.jsonl:1 is no event" in ended.err
    assert "Traceback" not in ended.err


def test_scenarios_are_listed_and_those_written_wrong_too(msalab: Msalab) -> None:
    lines = msalab("scenario", "list").out.splitlines()

    ours = ("breaks", "tiny", "wrong", "invariants")
    assert [line.split()[0] for line in lines if line.startswith(ours)] == ["breaks", "tiny", "wrong"]
    assert next(line for line in lines if line.startswith("wrong")).endswith(
        "written wrong; see msalab scenario lint"
    )


def test_lint_checks_every_file_and_tells_all_mistakes(msalab: Msalab) -> None:
    ended = msalab("scenario", "lint")

    assert ended.code == 3
    assert "✓ ok     scenarios/tiny.yaml\n" in ended.out
    assert re.search(r"^✗ wrong  .*/scenarios/wrong\.yaml$", ended.out, re.MULTILINE)
    assert "unknown metric 'saga.checkout.startd'" in ended.err
    assert msalab("scenario", "lint", "tiny").code == 0


def test_a_scenario_is_shown_with_what_it_expects(msalab: Msalab) -> None:
    ended = msalab("scenario", "show", "breaks")

    assert ended.out.startswith("breaks: A few visits\n")
    assert "  nobody-pays  line 27\n      each order: never psp.captured > 0\n" in ended.out


def test_topologies_are_listed_shown_checked_and_drawn(msalab: Msalab) -> None:
    assert re.search(
        r"^no-outbox +The textbook .*\(outbox: off\)", msalab("topology", "list").out, re.MULTILINE
    )
    assert (
        "  outbox          off             not the textbook way\n"
        in msalab("topology", "show", "no-outbox").out
    )
    assert msalab("topology", "lint").code == 0
    assert "\norder  (x2)\n  --> " in msalab("topology", "graph").out
    assert msalab("topology", "graph", "textbook", "--as", "mermaid").out.startswith("flowchart LR\n")
    assert msalab("topology", "graph", "textbook", "--as", "dot").out.startswith('digraph "textbook" {\n')
    assert msalab("topology", "graph", "--as", "x").code == 2


def test_a_changed_topology_is_shown_changed(msalab: Msalab) -> None:
    shown = json.loads(
        msalab("topology", "show", "textbook", "--set", "services.cart.replicas=5", "--json").out
    )

    assert shown["services"]["cart"]["replicas"] == 5


def test_faults_are_listed_and_shown(msalab: Msalab) -> None:
    kinds = [fault["kind"] for fault in json.loads(msalab("chaos", "list", "--json").out)["faults"]]

    assert "net.loss" in kinds
    assert msalab("chaos", "show", "net.loss").out.startswith("net.loss: Messages get lost\n")
    assert "did you mean 'net.loss'?" in msalab("chaos", "show", "net.los").err


@pytest.mark.parametrize("what", ["scenario", "topology", "run", "event"])
def test_schemas_are_json_schemas(msalab: Msalab, what: str) -> None:
    schema = json.loads(msalab("schema", what).out)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].startswith(f"msalab/{what}@")


def test_the_schema_of_a_run_names_what_a_run_has(msalab: Msalab, played: dict[str, Any]) -> None:
    schema = json.loads(msalab("schema", "run").out)

    assert list(schema["properties"]) == list(played)
    expectation = schema["properties"]["expectations"]["items"]["properties"]
    assert list(expectation) == list(played["expectations"][0])
    assert "In this shop everything is free." in [it["reason"] for it in played["expectations"]]
    assert list(schema["properties"]["faults"]["items"]["properties"]) == list(played["faults"][0])
    violations = [it["violations"][0] for it in played["expectations"] if it["violations"]]
    assert list(expectation["violations"]["items"]["properties"]) == list(violations[0])


def test_metrics_can_be_named(msalab: Msalab) -> None:
    assert re.search(r"^saga\.checkout\.duration +trend", msalab("schema", "metrics").out, re.MULTILINE)
    assert msalab("schema", "metrics", "--scenario", "tiny").code == 0
    assert msalab("schema", "nothing").code == 2


def test_the_doctor_says_ready_or_what_is_in_the_way(msalab: Msalab, workspace: Path) -> None:
    well = msalab("doctor")
    (workspace / "file").write_text("")
    ill = msalab("doctor", "--out", "file/runs")

    assert well.code == 0
    assert well.out.endswith("ready:  msalab scenario checkout --chaos\n")
    assert ill.code == 4
    assert "✗ runs        file/runs cannot be written" in ill.out


def test_the_version_is_said(msalab: Msalab) -> None:
    assert msalab("version").out.startswith("msalab 0.")
    assert json.loads(msalab("version", "--json").out)["schema"] == "msalab/version@1"
