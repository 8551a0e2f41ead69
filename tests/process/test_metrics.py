"""The metrics page: true figures, in a form that Prometheus reads."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from msa_lab.runtime.process.context import ProcessContext
from msa_lab.runtime.process.host import Host
from msa_lab.runtime.process.intake import Asked
from msa_lab.runtime.process.journal import Journal, RunClock, Story
from msa_lab.runtime.process.meter import Meter
from msa_lab.runtime.process.metrics import exposed
from msa_lab.runtime.process.store import Work
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import Unavailable
from tests.builders import CHARGE, LOOK, SHELF, TAKE, Ask, Got
from tests.process.conftest import ProcessPorts

Labels = tuple[tuple[str, str], ...]


@pytest.fixture
def host(ports: ProcessPorts) -> Host:
    return Host(ports.site, SHELF, ports.desk)


async def ask(host: Host, operation: Operation[Ask, Got], **arguments: object) -> None:
    asked = Asked()
    await host.answer(operation, asked, {"piece": "cup", **arguments}, host.begun(asked))


def read(page: str) -> dict[tuple[str, Labels], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def worked(host: Host, ports: ProcessPorts) -> str:
    """Let the shelf answer five requests, and give its page."""

    async def work() -> str:
        await ask(host, TAKE)
        await ask(host, TAKE)
        await ask(host, TAKE, answer="refuse")
        await ask(host, LOOK, answer="fail")
        await ask(host, LOOK, count="many")
        return await exposed(host)

    return ports.runner.run(work())


def test_the_page_tells_what_was_done(host: Host, ports: ProcessPorts) -> None:
    found = read(worked(host, ports))

    requests = {
        tuple(value for _, value in labels): count
        for (name, labels), count in found.items() if name == "msalab_requests_total"
    }  # fmt: skip
    assert requests == {
        ("shelf.take", "ok"): 2, ("shelf.take", "sold-out"): 1, ("shelf.look", "StoreUnavailable"): 1,
        ("shelf.look", "InvalidRequest"): 1,
    }  # fmt: skip
    take = ("operation", "shelf.take")
    assert found["msalab_request_duration_seconds_count", (take,)] == 3
    assert found["msalab_request_duration_seconds_bucket", (("le", "+Inf"), take)] == 3
    assert 0 < found["msalab_request_duration_seconds_sum", (take,)] < 5
    assert found["msalab_commits_total", ()] == 2
    assert found["msalab_outbox_messages", ()] == 0
    assert found["msalab_requests_in_progress", ()] == 0
    assert found["msalab_restarts", ()] == 0
    assert found["msalab_instance_info", (("replica", "shelf-1"), ("service", "shelf"))] == 1


def test_buckets_hold_what_took_no_longer() -> None:
    meter = Meter()
    for took in (500_000, 1_000_000, 1_000_001, 20_000_000_000):
        meter.request("shelf-1", "shelf.take", "ok", took)

    assert meter.spans["shelf-1", "shelf.take"] == [2, 1, *[0] * 11, 1]


def test_what_the_log_leaves_out_is_counted_all_the_same() -> None:
    journal = Journal(1, RunClock(), frozenset(), lambda _events: None)
    story = Story("till", "till-1")

    journal.emit(story, "call.sent", {"operation": "shelf.take"})
    journal.emit(story, "call.failed", {"operation": "shelf.take", "reason": "Timeout"})
    journal.emit(story, "commit.failed", {"reason": "conflict"})
    journal.emit(Story("broker", ""), "event.dead", {"event": "till.sold", "group": "diary"})

    assert journal.meter.counts == {
        ("calls", "till-1", "shelf.take", "sent"): 1, ("calls", "till-1", "shelf.take", "Timeout"): 1,
        ("commit_failures", "till-1", "conflict", ""): 1, ("deliveries", "diary", "till.sold", "dead"): 1,
    }  # fmt: skip


def test_breakers_tell_their_state(host: Host, ports: ProcessPorts) -> None:
    async def scene() -> str:
        with pytest.raises(Unavailable):
            await ProcessContext(host.desk, Work(Story("shelf", "shelf-1"))).call(CHARGE, Ask("cup"))
        return await exposed(host)

    found = read(ports.runner.run(scene()))

    states = {
        dict(labels)["state"]: count
        for (name, labels), count in found.items() if name == "msalab_breaker_state"
    }  # fmt: skip
    assert states == {"closed": 1, "half-open": 0, "open": 0}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Debian's package prometheus")
def test_promtool_finds_nothing_to_say(host: Host, ports: ProcessPorts) -> None:
    judged = subprocess.run(  # noqa: S603 - the tool that was asked for
        [shutil.which("promtool") or "", "check", "metrics"], input=worked(host, ports), capture_output=True,
        text=True, check=False, timeout=30,
    )  # fmt: skip

    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


def test_counting_costs_a_request_next_to_nothing() -> None:
    meter, rounds = Meter(), 2_000
    story = {"operation": "shelf.take", "reason": "Timeout"}

    def once() -> float:
        since = time.perf_counter()
        for _ in range(rounds):
            meter.request("shelf-1", "shelf.take", "ok", 3_000_000)
            meter.folds["call.sent"]("shelf-1", story)
            meter.folds["call.returned"]("shelf-1", story)
        return (time.perf_counter() - since) / rounds

    assert min(once() for _ in range(5)) < 50e-6  # some 2 us; a request takes a thousand
