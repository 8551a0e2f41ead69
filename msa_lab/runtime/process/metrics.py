"""The metrics page of an instance: Prometheus text format, version 0.0.4, made when somebody asks for it.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from msa_lab.runtime.process.host import Host
from msa_lab.runtime.process.meter import BUCKETS, Meter
from msa_lab.sdk.contract import event_type
from msa_lab.sdk.failures import StoreFailure

CONTENT_TYPE = "text/plain; version=0.0.4"

Sample = tuple[str, Mapping[str, str], float | int]
"""What follows the name, labels, value."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric of the page."""

    name: str
    kind: str
    purpose: str
    samples: tuple[Sample, ...]


async def exposed(host: Host) -> str:
    """Write the page of an instance."""
    return "".join(_lines(await families(host)))


async def families(host: Host) -> list[Family]:
    """Gather the metrics of an instance.

    What its process does for the service as a whole is told by the service's first instance there.
    """
    meter, name, service = host.meter, host.desk.instance, host.spec.name
    owners = {name}
    published: frozenset[str] = frozenset()
    if host.first:
        owners.add(service)
        published = frozenset(event_type(one).name for one in host.spec.publishes)
    told = [
        (metric, first, second, count) for (metric, owner, first, second), count in meter.counts.items()
        if owner in owners or (metric == "published" and first in published)
    ]  # fmt: skip

    def counter(metric: str, purpose: str, *labels: str, named: str = "") -> Family:
        samples = tuple(
            ("", dict(zip(labels, (first, second), strict=False)), count)
            for kind, first, second, count in sorted(told) if kind == metric
        )  # fmt: skip
        if not (samples or labels):
            samples = (("", {}, 0),)
        return Family(f"msalab_{named or metric}_total", "counter", purpose, samples)

    return [
        _one("instance_info", "gauge", "Which instance this is.", 1, service=service, replica=name),
        counter("requests", "Requests answered, by operation and outcome.", "operation", "outcome"),
        _histogram(meter, name),
        _one("requests_in_progress", "gauge", "Requests and deliveries being worked on.", host.load.inside),
        _one(
            "requests_queued",
            "gauge",
            "Requests and deliveries that wait to be worked on.",
            host.load.waiting,
        ),
        counter(
            "calls", "Tries of calls to other services, by operation and outcome.", "operation", "outcome"
        ),
        _breakers(host),
        counter("commits", "Transactions committed."),
        counter("commit_failures", "Transactions not committed.", "reason", named="commit_failures"),
        await _outbox(host),
        counter("published", "Domain events that the broker confirmed.", "event", named="events_published"),
        counter("deliveries", "Domain events delivered, by event and outcome.", "event", "outcome"),
        counter("sagas", "Moves of sagas.", "saga", "outcome"),
        await _open_sagas(host),
        counter("faults", "What injected faults touched here.", named="faults_hit"),
        _one("restarts", "gauge", "How often the process was started again.", host.desk.incarnation - 1),
        *_process(),
    ]


def _one(name: str, kind: str, purpose: str, value: float, **labels: str) -> Family:
    return Family(f"msalab_{name}", kind, purpose, (("", labels, value),))


def _histogram(meter: Meter, instance: str) -> Family:
    samples: list[Sample] = []
    for place, span in sorted(meter.spans.items()):
        if place[0] != instance:
            continue
        total = 0
        for bound, count in zip((*map(repr, BUCKETS), "+Inf"), span, strict=True):
            total += count
            samples.append(("_bucket", {"operation": place[1], "le": bound}, total))
        samples.append(("_sum", {"operation": place[1]}, meter.sums[place] / 1_000_000_000))
        samples.append(("_count", {"operation": place[1]}, total))
    purpose = "From a request read to its answer, queue included."
    return Family("msalab_request_duration_seconds", "histogram", purpose, tuple(samples))


def _breakers(host: Host) -> Family:
    samples = [
        ("", {"operation": operation, "state": state}, int(breaker.state == state))
        for _, client in sorted(host.desk.clients.items())
        for operation, breaker in sorted(client.breakers.items())
        for state in ("closed", "half-open", "open")
    ]
    return Family("msalab_breaker_state", "gauge", "1 for the state a circuit breaker is in.", tuple(samples))


async def _outbox(host: Host) -> Family:
    purpose = "Messages in the service's outbox that wait for the broker."
    try:
        waiting = await host.desk.kept.database.depth()
    except StoreFailure:
        return Family("msalab_outbox_messages", "gauge", purpose, ())
    return _one("outbox_messages", "gauge", purpose, waiting)


async def _open_sagas(host: Host) -> Family:
    counts = {
        (saga.name, state): 0
        for saga in (*host.spec.sagas, *host.spec.followed) for state in ("RUNNING", "COMPENSATING")
    }  # fmt: skip
    try:
        records = await host.open_sagas() if counts else ()
    except StoreFailure:
        records, counts = (), {}
    for record in records:
        counts[record.saga, record.state] = counts.get((record.saga, record.state), 0) + 1
    samples = [("", {"saga": saga, "state": state}, count) for (saga, state), count in counts.items()]
    return Family("msalab_sagas_open", "gauge", "Sagas of the service under way.", tuple(samples))


def _process() -> Iterator[Family]:
    """Give what every Prometheus client tells of its process, where the system tells it."""
    try:
        words = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        opened = sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    for name, kind, purpose, value in (
        ("process_cpu_seconds_total", "counter", "CPU time used.", (int(words[11]) + int(words[12])) / tick),
        (
            "process_resident_memory_bytes",
            "gauge",
            "Resident memory, shared pages included.",
            int(words[21]) * page,
        ),
        ("process_open_fds", "gauge", "Open file descriptors.", opened),
    ):
        yield Family(name, kind, purpose, (("", {}, value),))


def _lines(found: Iterable[Family]) -> Iterator[str]:
    for family in found:
        yield f"# HELP {family.name} {family.purpose}\n# TYPE {family.name} {family.kind}\n"
        for suffix, labels, value in family.samples:
            inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield (
                f"{family.name}{suffix}{{{inside}}} {value}\n"
                if inside
                else f"{family.name}{suffix} {value}\n"
            )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
