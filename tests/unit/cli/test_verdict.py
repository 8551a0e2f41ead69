import dataclasses
from pathlib import Path
from typing import Any

import pytest

from msa_lab.bootstrap import Plan, Wishes, Workspace, plan_for, scenario_for
from msa_lab.cli.terminal import Terminal
from msa_lab.cli.verdict import verdict_block
from msa_lab.scenario import Finding, Outcome, Verdict, Violation
from msa_lab.sdk.values import Instant
from msa_lab.source import Place
from msa_lab.telemetry.causes import Chain, Link, describe
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.ports import End, FaultRecord, Played
from msa_lab.usecases.report import RunReport

AGAIN = "msalab scenario checkout --chaos --seed 42"


def finding(name: str, verdict: Verdict, **changes: object) -> Finding:
    usual: dict[str, Any] = {
        "id": name,
        "kind": "never",
        "verdict": verdict,
        "severity": "error",
        "place": Place("scenarios/checkout.yaml", 68, 3),
        "observed": "order o-04: psp.captures = 2 (3 of 120 broke it)",
        "limit": "each order: never psp.captures > 1",
        "samples": 120,
    }
    return Finding(**(usual | changes))


CAPTURED = finding(
    "captured-once",
    Verdict.BROKEN,
    broken=3,
    violations=(Violation("order o-04", "o-04", 1894, 7_012_000, "psp.captures = 2"),),
    why="A retry without an idempotency key charges twice.",
    doc="docs/concepts/idempotency.md",
)
MONEY = dataclasses.replace(CAPTURED, id="money", kind="finally")
WARNED = finding(
    "mostly-succeeds", Verdict.BROKEN, severity="warn", kind="metric", observed="rate = 0.79",
    limit="saga.checkout.completed_rate: rate > 0.80",
)  # fmt: skip
HELD = finding("sagas-end", Verdict.HELD, kind="eventually", observed="120 saga.checkout judged")
UNPROVEN = finding(
    "chaos-was-real", Verdict.UNPROVEN, kind="evidence", observed="each(fault).touched = [0]",
    limit="each(fault).touched >= 1",
)  # fmt: skip


def event(seq: int, t: int, kind: str, service: str = "", /, **detail: object) -> LogEvent:
    return LogEvent(seq, t, kind, service, detail=detail)


def chain(*events: LogEvent) -> Chain:
    return Chain(tuple(Link(it, describe(it)) for it in events), "reply-lost")


STORY = chain(
    event(200, 500_000, "fault.started", fault="reply-lost", kind="net.loss", target="order -> payment"),
    event(
        271, 5_900_000, "message.dropped", direction="reply", operation="payment.capture", fault="reply-lost"
    ),
    event(900, 6_900_000, "call.retried", "order", operation="payment.capture", attempt=2),
    event(1894, 7_012_000, "commit", "psp", changes=[{"table": "captures", "key": "ch-2", "after": None}]),
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    workspace = Workspace(Path.cwd())
    specs = workspace.specs()
    return plan_for(workspace, specs, scenario_for(workspace, specs, "checkout", {}), Wishes(chaos=True))


def report(
    plan: Plan,
    outcome: Outcome,
    *findings: Finding,
    ended: End = "done",
    unsteady: str = "",
    **changes: object,
) -> RunReport:
    played = Played(Instant(30_000_000), ended, settled=True, faults=(),
                    unsteady=unsteady)  # fmt: skip
    usual: dict[str, Any] = {
        "run": "9f3e01", "tool": "msa-lab", "mode": "sim", "plan": plan, "played": played,
        "outcome": outcome, "findings": findings, "whys": {"captured-once": STORY, "money": STORY},
        "sagas": {}, "metrics": {}, "log_hash": "0" * 64, "events": 1, "started": "", "duration_wall": 1.0,
        "artifacts": ("runs/9f3e01/events.jsonl", "runs/9f3e01/run.json"),
    }  # fmt: skip
    return RunReport(**(usual | changes))


def test_a_failed_run_tells_what_broke_how_it_came_and_what_to_type(plan: Plan) -> None:
    failed = report(plan, Outcome.FAILED, HELD, MONEY, CAPTURED, WARNED)

    assert (
        verdict_block(failed, Terminal(), again=AGAIN)
        == """\
✗ FAILED  2 of 4 expectations

  ✗ captured-once               scenarios/checkout.yaml:68  BROKEN
      observed  order o-04: psp.captures = 2 (3 of 120 broke it)
      wanted    each order: never psp.captures > 1
      first     at T+7.012, saga o-04, event 1894
      how it came to be
        T+0.500  FAULT reply-lost: net.loss on order -> payment began
        T+5.900   → the reply of payment.capture was lost (fault reply-lost)
        T+6.900    → order tried payment.capture again (try 2)
        T+7.012     → psp committed captures ch-2
        T+7.012  ✗ captured-once: psp.captures = 2
      why: A retry without an idempotency key charges twice.
           docs/concepts/idempotency.md

  ✗ money                       scenarios/checkout.yaml:68  BROKEN
      observed  order o-04: psp.captures = 2 (3 of 120 broke it)
      wanted    each order: never psp.captures > 1
      first     since T+7.012, saga o-04, event 1894
      how it came to be: the same as above, under captured-once
      why: A retry without an idempotency key charges twice.
           docs/concepts/idempotency.md

  ▲ mostly-succeeds (warn)  rate = 0.79, wanted rate > 0.80
  ✓ 1 more held  -v lists them

  run      9f3e01   runs/9f3e01
  look     msalab saga why o-04 --run 9f3e01
  look     msalab saga show o-04 --run 9f3e01
  again    msalab scenario checkout --chaos --seed 42
"""
    )


def test_a_passed_run_is_short(plan: Plan) -> None:
    passed = report(plan, Outcome.PASSED, HELD)

    assert (
        verdict_block(passed, Terminal(), again=AGAIN)
        == """\
✓ PASSED  1 of 1 expectation held

  ✓ 1 held  -v lists them

  run      9f3e01   runs/9f3e01
  look     msalab saga list --run 9f3e01
  again    msalab scenario checkout --chaos --seed 42
  break    msalab topology list   (then add --topology NAME: one pattern less)
"""
    )


def test_a_run_that_was_not_kept_names_no_files(plan: Plan) -> None:
    passed = report(plan, Outcome.PASSED, HELD, artifacts=())

    assert verdict_block(passed, Terminal(), again=AGAIN, kept=False).endswith(
        "  ✓ 1 held  -v lists them\n\n  again    msalab scenario checkout --chaos --seed 42\n"
        "  break    msalab topology list   (then add --topology NAME: one pattern less)\n"
    )


def test_an_inconclusive_run_says_what_is_missing(plan: Plan) -> None:
    block = verdict_block(report(plan, Outcome.INCONCLUSIVE, HELD, UNPROVEN), Terminal(), again=AGAIN)

    assert block.startswith("""\
? INCONCLUSIVE  1 of 2 expectations could not be judged; this is no pass

  ? chaos-was-real              scenarios/checkout.yaml:68  UNPROVEN
      observed  each(fault).touched = [0]
      wanted    each(fault).touched >= 1
""")


def test_a_shop_that_was_not_steady_is_told(plan: Plan) -> None:
    unsteady = report(plan, Outcome.INCONCLUSIVE, HELD, ended="unsteady", unsteady="up(services) == 12")

    block = verdict_block(unsteady, Terminal(), again=AGAIN)
    assert block.startswith("? INCONCLUSIVE  the shop was not in its steady state before any fault\n")
    assert "  ▲ steady state: up(services) == 12 did not hold\n" in block


def test_faults_that_touched_nothing_are_told(plan: Plan) -> None:
    idle = FaultRecord("lost", "net.loss", "order -> payment", Instant(0), Instant(1), 0, healed=True)
    run = report(plan, Outcome.PASSED, HELD)
    run = dataclasses.replace(run, played=dataclasses.replace(run.played, faults=(idle,)))

    assert "  ▲ faults that touched nothing: lost\n" in verdict_block(run, Terminal(), again=AGAIN)


def test_signs_are_ascii_where_the_encoding_knows_no_other(plan: Plan) -> None:
    failed = report(plan, Outcome.FAILED, CAPTURED, WARNED, HELD, UNPROVEN)

    assert verdict_block(failed, Terminal(unicode=False), again=AGAIN).isascii()


def test_colours_stand_only_where_they_show_and_never_alone(plan: Plan) -> None:
    failed = report(plan, Outcome.FAILED, CAPTURED, WARNED, HELD)

    plain = verdict_block(failed, Terminal(), again=AGAIN)
    coloured = verdict_block(failed, Terminal(colour=True), again=AGAIN)
    assert "\x1b" not in plain
    assert coloured.startswith("\x1b[31m✗ FAILED\x1b[0m")
    for code in ("0", "1", "2", "31", "32", "33", "35"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == plain


def test_every_line_fits_80_columns_but_the_ones_to_type(plan: Plan) -> None:
    long = dataclasses.replace(
        CAPTURED, id="a-name-of-a-length-that-few-would-choose", observed="word " * 60,
        limit="x > 1 and " * 30,        why="reason " * 40,
    )  # fmt: skip
    failed = report(plan, Outcome.FAILED, long, WARNED)

    lines = verdict_block(failed, Terminal(), again=AGAIN + " --fault 'x y z'" * 9).splitlines()
    assert [line for line in lines if len(line) > 80 and not line.startswith("  again")] == []


def test_text_from_files_cannot_move_the_cursor(plan: Plan) -> None:
    sly = dataclasses.replace(CAPTURED, observed="a\x1b[2Jb", why="c\x07d\r\ne", doc="\x9b1m")

    block = verdict_block(report(plan, Outcome.FAILED, sly), Terminal(), again=AGAIN)
    assert all(line.isprintable() for line in block.split("\n"))
