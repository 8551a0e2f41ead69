"""W3C's traceparent: taken in, written to the log, and sent on with what the request leads to."""

from __future__ import annotations

import asyncio
import re

import pytest

from msa_lab.runtime.process.context import ProcessContext
from msa_lab.runtime.process.host import Host
from msa_lab.runtime.process.intake import asked_of
from msa_lab.runtime.process.site import Address
from msa_lab.runtime.process.store import Work
from tests.builders import CHARGE, SHELF, TAKE, Ask
from tests.process.conftest import ProcessPorts

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
FORM = re.compile(r"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-01")


def sent_on(ports: ProcessPorts, headers: dict[bytes, bytes]) -> tuple[str, str]:
    """Let the shelf call the bank while it serves a request; give trace and span that the bank hears of."""
    host = Host(ports.site, SHELF, ports.desk)

    async def scene() -> str:
        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def bank(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.set_result((await reader.readuntil(b"\r\n\r\n")).decode().lower())
            body = b'{"number": "1", "by": "bank-1"}'
            head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
            writer.write(head + body)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(bank, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            ports.site.registry = {"bank": (Address("bank-1", port),)}
            story = host.begun(asked_of(headers))
            await ProcessContext(ports.desk, Work(story)).call(CHARGE, Ask("cup"))
            return await heard

    found = FORM.search(ports.runner.run(scene()))
    assert found is not None
    return found[1], found[2]


def test_a_trace_travels_on_whole_under_a_span_of_its_own(ports: ProcessPorts) -> None:
    trace, span = sent_on(ports, {b"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01".encode()})

    assert trace == TRACE
    assert span not in ("00f067aa0ba902b7", "0" * 16)


def test_the_log_keeps_the_lower_63_bits(ports: ProcessPorts) -> None:
    asked = asked_of({b"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01".encode()})
    host = Host(ports.site, SHELF, ports.desk)

    ports.runner.run(host.answer(TAKE, asked, {"piece": "cup"}, host.begun(asked)))

    received = next(event for event in ports.told if event[2] == "call.received")
    assert received[6] == int(TRACE, 16) & (1 << 63) - 1 == 0x23CE929D0E0E4736
    assert received[10]["call"] == 0xF067AA0BA902B7


@pytest.mark.parametrize(
    "spoilt",
    [
        b"", b"x", f"00-{'0' * 32}-00f067aa0ba902b7-01".encode(), f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"ff-{TRACE}-00f067aa0ba902b7-01".encode(), f"00-{TRACE.upper()}-00f067aa0ba902b7-01".encode(),
        f"00-{TRACE}-00f067aa0ba902b7".encode(),
    ],
)  # fmt: skip
def test_what_is_no_traceparent_begins_a_trace(ports: ProcessPorts, spoilt: bytes) -> None:
    trace, _ = sent_on(ports, {b"traceparent": spoilt})

    assert trace not in (TRACE, "0" * 32)


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    asked = asked_of({b"traceparent": f"cc-{TRACE}-00f067aa0ba902b7-01-what-comes-later".encode()})

    assert asked.high | asked.trace == int(TRACE, 16)
