"""What a host makes of requests: by name, by path, and of what is no request at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from msa_lab.runtime.process.host import Host
from msa_lab.runtime.process.limits import LIMITS
from msa_lab.runtime.process.openapi import page
from msa_lab.runtime.process.servers import connection
from msa_lab.runtime.process.web import Web
from msa_lab.sdk import Context, Operation, ServiceSpec, serve
from msa_lab.sdk.discovery import discover
from tests.builders import DEEDS, SHELF, Deed, Got
from tests.process.conftest import ProcessPorts


class Door:
    """Speaks ASGI to the app of `shelf-1`."""

    def __init__(self, ports: ProcessPorts, spec: ServiceSpec = SHELF) -> None:
        self._ports = ports
        self._app = Web(Host(ports.site, spec, ports.desk))

    def ask(
        self, method: str, path: str, body: bytes = b"", query: str = "", **headers: str
    ) -> tuple[int, Any]:
        return self._ports.runner.run(self._asked(method, path, body, query, headers))

    async def _asked(
        self, method: str, path: str, body: bytes, query: str, headers: dict[str, str]
    ) -> tuple[int, Any]:
        sent: list[Any] = []
        headers = {"content_type": "application/json", **headers}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "scheme": "http", "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2),
            "headers": [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()],
        }  # fmt: skip
        await self._app(scope, receive, send)
        answer = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], json.loads(answer)


@pytest.fixture
def door(ports: ProcessPorts) -> Door:
    return Door(ports)


def test_an_operation_answers_by_its_name_and_by_its_path(door: Door) -> None:
    by_name = door.ask("POST", "/calls/shelf.take", b'{"piece": "cup"}')
    by_path = door.ask("GET", "/look", query="piece=cup&count=2")

    assert (by_name[0], by_name[1]["by"]) == (200, "shelf-1")
    assert (by_path[0], by_path[1]["by"]) == (200, "shelf-1")


def test_a_key_that_was_used_gets_the_first_answer_and_does_nothing_more(
    door: Door, ports: ProcessPorts
) -> None:
    first = door.ask("POST", "/calls/shelf.take", b'{"piece": "cup"}', idempotency_key="k")
    again = door.ask("POST", "/calls/shelf.take", b'{"piece": "cup"}', idempotency_key="k")

    assert first == again
    assert len(ports.run(deeds)) == 1


async def deeds(ctx: Context) -> Sequence[Deed]:
    return await ctx.store.find(DEEDS, piece="cup")


def test_a_refusal_of_the_business_has_its_status_and_code(door: Door) -> None:
    status, body = door.ask("POST", "/calls/shelf.take", b'{"piece": "cup", "answer": "refuse"}')

    assert (status, body["error"]) == (409, "sold-out")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"7",
        b"{",
        b'{"piece": ""}',
        b'{"piece": 7}',
        b'{"piece": "cup", "count": 10}',
        b'{"piece": "cup", "count": "many"}',
        b'{"piece": "\xff"}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_does_not_fit_the_contract_is_the_callers_mistake(door: Door, body: bytes) -> None:
    status, answer = door.ask("POST", "/calls/shelf.take", body)

    assert (status, answer["failure"]) == (422, "InvalidRequest")


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": "x"},
        {"traceparent": "00-" + "f" * 32 + "-" + "f" * 16 + "-01"},
        {"x_msalab_deadline": "soon"},
        {"x_msalab_caller": "[1]"},
        {"x_msalab_story": "{}"},
        {"idempotency_key": '"'},
    ],
)
def test_spoilt_headers_do_not_keep_a_request_from_its_answer(door: Door, headers: dict[str, str]) -> None:
    assert door.ask("POST", "/calls/shelf.take", b'{"piece": "cup"}', **headers)[0] == 200


def test_health_is_told_at_once_and_readiness_when_it_is_there(door: Door) -> None:
    assert door.ask("GET", "/health") == (200, {"status": "ok", "instance": "shelf-1"})
    assert door.ask("GET", "/ready") == (
        503,
        {"ready": False, "database": True, "broker": True, "cache": True},
    )


def test_a_server_that_is_away_makes_an_instance_unready(ports: ProcessPorts, tmp_path: Path) -> None:
    host = Host(ports.site, SHELF, ports.desk)
    host.ready = True
    before = ports.runner.run(host.dependencies())
    here, ports.site.cache = ports.site.cache, connection(tmp_path / "nowhere")

    status, told = Door(ports).ask("GET", "/ready")
    ports.site.cache = here

    assert before == {"database": True, "broker": True, "cache": True}
    assert (status, told) == (503, {"ready": False, "database": True, "broker": True, "cache": False})


def test_the_edge_takes_the_token_where_http_has_it(ports: ProcessPorts) -> None:
    asked: list[object] = []

    async def note(_ctx: Context, request: EdgeAsk) -> Got:
        asked.append(request.token)
        return Got("1", "door-1")

    operation = Operation("shelf.enter", "POST", "/enter", EdgeAsk, Got, access="public")
    edge = ServiceSpec("shelf", "lets in", operations=(serve(operation, note),), edge=True)
    door = Door(ports, edge)

    for headers in ({"authorization": "Bearer abc"}, {"authorization": "Basic abc"}, {}):
        assert door.ask("POST", "/enter", b"{}", **headers)[0] == 200
    assert door.ask("POST", "/enter", b'{"token": "mine"}', authorization="Bearer abc")[0] == 200

    assert asked == ["abc", "", "", "mine"]


@dataclass(frozen=True, slots=True)
class EdgeAsk:
    token: str = ""


def test_a_page_tells_of_each_refusal_and_of_who_may_ask() -> None:
    shop = {spec.name: spec for spec in discover()}

    cart = page(shop["cart"], LIMITS, shop)["paths"]["/cart/items"]["post"]
    edge = page(shop["gateway"], LIMITS, shop)
    refused = cart["responses"]["422"]["content"]["application/json"]["schema"]["anyOf"]

    assert refused[0]["properties"]["error"] == {"enum": ["too-many-lines"]}
    assert refused[1] == {"$ref": "#/components/schemas/Failure"}
    assert sorted(cart["responses"]) == [
        "200", "400", "401", "404", "408", "413", "415", "422", "500", "502", "503", "504",
    ]  # fmt: skip
    assert (cart["x-msalab-access"], "security" in cart) == ("user", False)
    assert edge["paths"]["/api"]["post"]["security"] == [{}, {"token": []}]
    assert edge["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "`version-mismatch`" in edge["paths"]["/api"]["post"]["responses"]["412"]["description"]
    assert "1048576 bytes" in edge["info"]["description"]


def test_the_openapi_page_names_every_operation(door: Door) -> None:
    status, document = door.ask("GET", "/openapi.json")

    named = [part["operationId"] for path in document["paths"].values() for part in path.values()]
    assert status == 200
    assert sorted(named) == [
        "shelf.hand_over",
        "shelf.look",
        "shelf.put_back",
        "shelf.shake",
        "shelf.take",
    ]


@pytest.mark.parametrize("spec", discover(), ids=lambda spec: spec.name)
def test_every_reference_of_a_page_leads_somewhere(spec: ServiceSpec) -> None:
    document = page(spec, LIMITS, {each.name: each for each in discover()})

    text = json.dumps(document)
    references = [part.split('"')[0] for part in text.split("#/components/schemas/")[1:]]
    assert sorted(set(references) - set(document["components"]["schemas"])) == []
    assert len(document["paths"]) >= 1
