from __future__ import annotations

from pathlib import Path

import pytest

from msa_lab.errors import UserMistake
from msa_lab.scenario import Phase, Scenario, list_scenarios, load_scenario
from msa_lab.scenario.model import Await, Call, Pick, Repeat, Think
from msa_lab.sdk import ServiceSpec, seconds
from msa_lab.sdk.distributions import Constant
from msa_lab.source import InvalidFile

GOOD = """\
schema: msalab/scenario@1
id: tiny
title: A tiny shop
duration: 10s
vars: {sku: A, wait: 3s, many: 5}
given:
  stock: {A: "${many}"}
  config: {order.patience: "${wait}"}
flows:
  buy:
    - call: order.login
      with: {email: "s${shopper}@example.org"}
      capture: {token: $.token}
    - pick: {quantity: [1, 2]}
    - think: 200ms
    - repeat: 2
      steps:
        - call: order.buy
          with: {sku: "${sku}", quantity: "${quantity}"}
          capture: {order_id: $.order_id}
    - await: {saga: checkout, in: [COMPLETED], within: "${wait}"}
load:
  - {phase: calm, flow: buy, rate: 60/m, for: 2s}
  - {phase: rush, flow: buy, rate: 5/s, for: 3s, arrivals: even}
steady_state:
  checks: ["up(services) == 2"]
chaos:
  profiles:
    lossy:
      - {id: loss, kind: net.loss, target: order -> payment, for: 1s}
invariants: [paid]
expect:
  - id: available
    always: stock.available("${sku}") >= 0
  - id: quick
    metric: saga.checkout.duration
    threshold: p(95) < 1s
    during: rush
"""

SHARED = """\
schema: msalab/invariants@1
expect:
  - id: paid
    each: order
    finally: payment.captured == order.due
    why: Money is missing.
"""


def load(folder: Path, text: str, specs: tuple[ServiceSpec, ...], **variables: object) -> Scenario:
    (folder / "tiny.yaml").write_text(text)
    (folder / "invariants.yaml").write_text(SHARED)
    return load_scenario("tiny", [folder], specs, variables)


def mistakes(
    folder: Path, text: str, specs: tuple[ServiceSpec, ...], **variables: object
) -> list[tuple[int, str]]:
    with pytest.raises(InvalidFile) as caught:
        load(folder, text, specs, **variables)
    return [
        (found.place.line, f"{found.message} ({found.suggestion})" if found.suggestion else found.message)
        for found in caught.value.mistakes
    ]


def test_a_whole_scenario_is_read(tmp_path: Path, specs: tuple[ServiceSpec, ...]) -> None:
    scenario = load(tmp_path, GOOD, specs)

    assert scenario.given == {"stock": {"A": 5}}
    assert scenario.config == {"order.patience": seconds(3)}
    assert scenario.load == (
        Phase("calm", "buy", 1.0, seconds(2), seconds(0), "poisson"),  # type: ignore[arg-type] # an instant is a count too
        Phase("rush", "buy", 5.0, seconds(3), seconds(2), "even"),  # type: ignore[arg-type] # as above
    )
    login, pick, think, repeat, wait = scenario.flows["buy"]
    assert login == Call("order.login", {"email": "s${shopper}@example.org"}, {"token": "$.token"})
    assert pick == Pick({"quantity": (1, 2)})
    assert think == Think(Constant(seconds(0.2)))
    assert repeat == Repeat(
        2, (Call("order.buy", {"sku": "A", "quantity": "${quantity}"}, {"order_id": "$.order_id"}),)
    )
    assert wait == Await("checkout", ("COMPLETED",), seconds(3), "${order_id}")
    assert [(item.id, item.kind, item.why) for item in scenario.expect] == [
        ("paid", "finally", "Money is missing."),
        ("available", "always", ""),
        ("quick", "metric", ""),
    ]
    assert [fault.id for fault in scenario.faults("lossy")] == ["loss"]
    assert scenario.chaos_default == "lossy"
    assert scenario.settle == seconds(10)


def test_variables_can_be_replaced(tmp_path: Path, specs: tuple[ServiceSpec, ...]) -> None:
    assert load(tmp_path, GOOD, specs, many=9).given == {"stock": {"A": 9}}


def test_a_variable_that_is_not_declared_cannot_be_set(
    tmp_path: Path, specs: tuple[ServiceSpec, ...]
) -> None:
    assert mistakes(tmp_path, GOOD, specs, mny=9) == [(5, "there is no variable 'mny' to set (many)")]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("title: A", "titel: x\ntitle: A", 3, "unknown key 'titel'"),
        ("id: tiny", "id: record", 2, "'record' is a word of the command line; choose another id"),
        ("duration: 10s", "duration: 10", 4, "'10' has no unit; write 10ms or 10s"),
        ("duration: 10s", "duration: 4s", 4, "the load goes on until 5s, longer than the scenario"),
        ("stock: {A", "stok: {A", 7, "unknown fixture 'stok' (stock)"),
        ('"${many}"', "some", 7, "'A' must be a whole number, not the text 'some'"),
        ('"${many}"', '"${mny}"', 7, "nothing gives '${mny}' a value (many)"),
        ("order.patience", "order.patienc", 8, "unknown setting 'order.patienc' (order.patience)"),
        ("call: order.login", "call: order.logn", 11, "unknown operation 'order.logn' (order.login)"),
        ("call: order.login", "call: order.settle", 11, "order.settle is internal: shoppers cannot reach it"),
        ("{email:", "{emial:", 12, "unknown argument of order.login 'emial' (email)"),
        ("capture: {token: $.token}", "capture: {token: token}", 13,
         "'token' is not a path such as $.order_id or $.items[0].sku"),
        ("capture: {token: $.token}", "capture: {tken: $.token}", 18,
         "order.buy needs somebody who is logged in"),
        ("- think: 200ms", "- thnk: 200ms", 15,
         "a step is one of call, think, await, pick or repeat (think)"),
        ('"${quantity}"', '"${quantty}"', 19, "nothing gives '${quantty}' a value (quantity)"),
        ("saga: checkout,", "saga: chekout,", 21, "unknown saga 'chekout' (checkout)"),
        ("in: [COMPLETED]", "in: [COMPLETD]", 21, "unknown saga state 'COMPLETD' (COMPLETED)"),
        ("flow: buy, rate: 60/m", "flow: by, rate: 60/m", 23, "unknown flow 'by' (buy)"),
        ("rate: 60/m", "rate: 60", 23, "'60' has no unit; write 60/s"),
        ("phase: rush", "phase: calm", 24, "two phases are called 'calm'"),
        ("up(services)", "up(servces)", 26, "unknown service 'servces' (services)"),
        ("chaos:\n", "chaos:\n  default: lossi\n", 28, "unknown chaos profile 'lossi' (lossy)"),
        ("net.loss", "net.los", 30, "unknown fault 'net.los' (net.loss)"),
        ("for: 1s}", "at: 10s, for: 1s}", 30,
         "this fault begins when the scenario is over, after 10s"),
        ("[paid]", "[pad]", 31, "unknown invariant 'pad' (paid)"),
        ("id: available", "id: paid", 31, "'paid' is among the invariants and the expectations"),
        ("always: stock", "alway: stock", 34, "unknown key 'alway' in 'expect' (always)"),
        ("stock.available(", "stock.availabl(", 34, "unknown observable 'stock.availabl' (stock.available)"),
        ("always: ", "each: ordr\n    always: ", 34, "unknown entity 'ordr' (order)"),
        ("checkout.duration", "checkout.durations", 36,
         "unknown metric 'saga.checkout.durations' (saga.checkout.duration)"),
        ("p(95) < 1s", "p(95) < 1", 37, "1 has no unit; write 1ms or 1s"),
        ("during: rush", "during: rsh", 38, "unknown phase 'rsh' (rush)"),
        ("    threshold: p(95) < 1s\n", "", 36, "a metric needs a threshold such as p(95) < 3s"),
        ("    always: stock", "    within: 3s\n    always: stock", 34,
         "'within' says nothing with 'always'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(  # noqa: PLR0917 - pytest passes them by name
    tmp_path: Path, specs: tuple[ServiceSpec, ...], old: str, new: str, line: int, message: str
) -> None:
    assert old in GOOD

    found = mistakes(tmp_path, GOOD.replace(old, new, 1), specs)

    assert (line, message) in found


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path, specs: tuple[ServiceSpec, ...]) -> None:
    text = GOOD.replace("10s", "10", 1).replace("net.loss", "net.los").replace("[paid]", "[pad]")
    text = text.replace("order.buy", "order.by").replace("p(95) < 1s", "p(95) < 1")

    assert [line for line, _ in mistakes(tmp_path, text, specs)] == [4, 18, 30, 31, 37]


def test_a_mistake_in_an_expression_is_shown_at_its_column(
    tmp_path: Path, specs: tuple[ServiceSpec, ...]
) -> None:
    with pytest.raises(InvalidFile) as caught:
        load(tmp_path, GOOD.replace("up(services) == 2", "up(services) == 2 and up(paymnt) > 0"), specs)

    (found,) = caught.value.mistakes
    assert (found.place.line, found.place.column, found.place.length) == (26, 38, 6)


def test_a_captured_name_hides_a_variable(tmp_path: Path, specs: tuple[ServiceSpec, ...]) -> None:
    text = GOOD.replace("capture: {token: $.token}", "capture: {token: $.token, sku: $.token}")

    repeat = load(tmp_path, text, specs).flows["buy"][3]

    assert isinstance(repeat, Repeat)
    (call,) = repeat.steps
    assert isinstance(call, Call)
    assert call.arguments["sku"] == "${sku}"


def test_an_expectation_may_hold_for_some_profiles_only(
    tmp_path: Path, specs: tuple[ServiceSpec, ...]
) -> None:
    scenario = load(tmp_path, GOOD.replace("  - id: quick\n", "  - id: quick\n    profiles: [none]\n"), specs)

    assert [item.id for item in scenario.expected("lossy")] == ["paid", "available"]
    assert [item.id for item in scenario.expected("none")] == ["paid", "available", "quick"]


def test_the_shared_invariants_are_no_scenario(tmp_path: Path, specs: tuple[ServiceSpec, ...]) -> None:
    load(tmp_path, GOOD, specs)

    assert list(list_scenarios([tmp_path])) == ["tiny"]


def test_a_scenario_that_is_not_there_is_guessed(tmp_path: Path, specs: tuple[ServiceSpec, ...]) -> None:
    load(tmp_path, GOOD, specs)

    with pytest.raises(UserMistake, match="unknown scenario 'tyny'; did you mean 'tiny'"):
        load_scenario("tyny", [tmp_path], specs)
    with pytest.raises(UserMistake, match=r"unknown scenario 'invariants'\n  there are: tiny$"):
        load_scenario("invariants", [tmp_path], specs)


def test_a_file_full_of_mistakes_is_answered_soon(tmp_path: Path, specs: tuple[ServiceSpec, ...]) -> None:
    wrong = "".join(f"  - {{id: x{number}, always: nope{number} > {number}}}\n" for number in range(5_000))

    assert 200 <= len(mistakes(tmp_path, GOOD + wrong, specs)) <= 210
