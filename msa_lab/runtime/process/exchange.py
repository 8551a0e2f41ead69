"""One try of a call over HTTP: headers, what faults do on the way, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec
from pydantic_core import to_json

from msa_lab.chaos.matching import Leg
from msa_lab.chaos.verdicts import PASS, Abort, Copies, Drop, Refuse, Verdict
from msa_lab.runtime.process.failing import read
from msa_lab.runtime.process.journal import Story
from msa_lab.runtime.process.lines import STORY
from msa_lab.runtime.process.site import Address, Site
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import ConnectionLost, RemoteFailure, TooManyRequests, Unavailable
from msa_lab.sdk.ports import Caller

CALLS = "/calls/"
"""Where a host takes calls of its operations by name, all arguments in the body."""

_STORY = STORY.decode()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_back = msgspec.json.Decoder(tuple[int, int]).decode
_BACKGROUND: set[asyncio.Task[None]] = set()


@dataclass(slots=True)
class Exchange:
    """A request and its way. `deadline` is an instant of the run; `fault` names what hurt it."""

    operation: Operation[Any, Any]
    request: Any
    number: int
    attempt: int
    caller: tuple[str, str]
    identity: Caller
    key: str | None = None
    deadline: int | None = None
    fault: str = ""


def headers_of(exchange: Exchange, story: Story, lamport: int) -> dict[str, str]:
    """Write the headers that travel with every call."""
    who = exchange.identity
    # An id of zeros is none (https://www.w3.org/TR/trace-context-1/#trace-id): such work begins a trace.
    trace = story.high | story.trace or exchange.number
    headers = {
        "content-type": "application/json",
        "traceparent": f"00-{trace:032x}-{exchange.number:016x}-01",
        "x-msalab-caller": _encode((who.service, who.subject, who.roles)).decode(),
        _STORY: _encode((story.saga, story.cause, lamport)).decode(),
    }
    if exchange.key is not None:
        headers["idempotency-key"] = json.dumps(exchange.key)
    if exchange.deadline is not None:
        headers["x-msalab-deadline"] = str(exchange.deadline)
    return headers


async def exchanged(site: Site, exchange: Exchange, story: Story, address: Address) -> Any:  # noqa: ANN401 - JSON
    """Send a request and give the plain reply. The caller bounds the time.

    Raises:
        DomainError: what the business answered.
        CallFailure: when no answer came.
    """
    if site.gate.closed:
        exchange.fault = site.gate.closed
        await site.gate.wait(story, f"request {exchange.operation.name}")
    if site.hurting.set.calls:
        await _hurt(site, exchange, story, address, "request")
    headers = headers_of(exchange, story, site.journal.lamport)
    status, body, told = await _send(site, exchange, headers, address)
    if told:
        cause, lamport = _back(told)
        story.cause = cause or story.cause
        site.journal.heard(lamport)
    if site.gate.closed:
        exchange.fault = site.gate.closed
        await site.gate.wait(story, f"reply {exchange.operation.name}")
    if site.hurting.set.calls:
        await _hurt(site, exchange, story, address, "reply")
    if status == 200:  # noqa: PLR2004 - the one status of success
        return body
    raise read(exchange.operation, status, body)


async def _send(
    site: Site, exchange: Exchange, headers: Mapping[str, str], address: Address
) -> tuple[int, Any, bytes]:
    path = f"{CALLS}{exchange.operation.name}"
    status, body, told = await site.lines.post(
        address.host, address.port, path, headers.items(), to_json(exchange.request)
    )
    try:
        return status, _decode(body) if body else None, told
    except msgspec.DecodeError as error:
        raise RemoteFailure("the reply is no JSON") from error


async def _hurt(site: Site, exchange: Exchange, story: Story, address: Address, leg: Leg) -> None:
    """Let faults act on a leg: wait, raise what the caller sees, or go on."""
    verdict = site.hurting.on_leg(leg, exchange.operation, exchange.caller, address.instance)
    if verdict is PASS:
        return
    name = exchange.operation.name
    exchange.fault = verdict.faults[-1].spec.id
    if isinstance(verdict.act, Drop):
        detail = {"operation": name, "direction": leg, "call": exchange.number, "fault": exchange.fault}
        site.journal.emit(story, "message.dropped", detail)
        await asyncio.Event().wait()  # nobody answers: the caller's timeout ends it
    what = {"fault": exchange.fault, "what": f"{leg} {name}", "delay": verdict.delay}
    site.journal.emit(story, "fault.hit", what)
    if verdict.delay:
        await asyncio.sleep(verdict.delay / 1_000_000)
    if isinstance(verdict.act, Copies):
        headers = headers_of(exchange, story, site.journal.lamport)
        for _ in range(verdict.act.extra):
            _copy(site, exchange, headers, address)
    elif verdict.act is not None:
        _answer(exchange, verdict)


def _copy(site: Site, exchange: Exchange, headers: Mapping[str, str], address: Address) -> None:
    """Send the request once more; nobody waits for the reply."""

    async def send() -> None:
        try:
            await _send(site, exchange, headers, address)
        except (Unavailable, ConnectionLost, RemoteFailure):
            return

    task = asyncio.get_running_loop().create_task(send())
    _BACKGROUND.add(task)
    task.add_done_callback(_BACKGROUND.discard)


def _answer(exchange: Exchange, verdict: Verdict) -> NoReturn:
    """Raise the answer that a fault puts in the callee's mouth."""
    act = verdict.act
    if isinstance(act, Refuse):
        for refusal in exchange.operation.errors:
            if refusal.code == act.code:
                raise refusal
        raise RemoteFailure(f"refused with {act.code}")
    if isinstance(act, Abort):
        if act.status == TooManyRequests.status:
            raise TooManyRequests
        raise RemoteFailure(f"HTTP {act.status}")
    raise Unavailable("connection refused")
