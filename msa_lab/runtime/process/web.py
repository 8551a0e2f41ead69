"""The FastAPI app of an instance: its operations, health, readiness, OpenAPI and metrics of the process."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from pydantic_core import to_json
from starlette.routing import Route

from msa_lab.runtime.process.exchange import CALLS
from msa_lab.runtime.process.failing import written
from msa_lab.runtime.process.host import Asked, Host
from msa_lab.runtime.process.records import adapter
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import InvalidRequest
from msa_lab.sdk.ports import Caller

LARGEST_BODY = 1024 * 1024
_JSON = "application/json"
_SIGNED = (1 << 63) - 1
_decode = msgspec.json.Decoder().decode
Endpoint = Callable[[Request], Awaitable[Response]]


def app_of(host: Host) -> FastAPI:
    """Make the app of an instance."""
    spec = host.spec
    app = FastAPI(title=spec.name, description=spec.purpose, version="1", docs_url=None, redoc_url=None)
    for part in spec.operations:
        operation = part.operation
        by_name = f"{CALLS}{operation.name}"
        app.router.routes.append(Route(by_name, _endpoint(host, operation, rest=False), methods=["POST"]))
    for part in spec.operations:
        _offer(app, host, part.operation)

    async def health() -> dict[str, str]:
        return {"status": "ok", "instance": host.desk.instance}

    async def ready(response: Response) -> dict[str, bool]:
        response.status_code = 200 if host.ready else 503
        return {"ready": host.ready}

    app.add_api_route("/health", health, include_in_schema=False)
    app.add_api_route("/ready", ready, include_in_schema=False)
    return app


def _offer(app: FastAPI, host: Host, operation: Operation[Any, Any]) -> None:
    schema = adapter(operation.request).json_schema()
    described: dict[str, Any] = {
        "responses": {"200": {
            "description": "Done.",
            "content": {_JSON: {"schema": adapter(operation.reply).json_schema(mode="serialization")}},
        }},
    }  # fmt: skip
    for error in operation.errors:
        described["responses"][str(error.status)] = {"description": f"{error.code}: {error.__doc__}"}
    if operation.method not in ("GET", "DELETE"):
        described["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
    else:
        described["parameters"] = [
            {"name": name, "in": "path" if f"{{{name}}}" in operation.path else "query",
             "required": name in schema.get("required", ()), "schema": part}
            for name, part in schema.get("properties", {}).items()
        ]  # fmt: skip
    app.add_api_route(
        operation.path,
        _endpoint(host, operation, rest=True),
        methods=[operation.method],
        summary=operation.summary or operation.name,
        operation_id=operation.name,
        openapi_extra=described,
        response_model=None,
    )


def _endpoint(host: Host, operation: Operation[Any, Any], *, rest: bool) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        asked = Asked()
        with contextlib.suppress(ValueError, TypeError):
            _heard(asked, request)
        story = host.story(asked.saga, asked.trace, asked.span, asked.cause)
        try:
            arguments = _arguments(request, body, rest=rest)
        except InvalidRequest as invalid:
            status, told = written(invalid)
            return Response(json.dumps(told), status, media_type=_JSON)
        reply, error = await host.answer(operation, asked, arguments, story)
        headers = {"x-msalab-story": json.dumps([story.cause, host.site.journal.lamport])}
        if error is None:
            return Response(to_json(reply), 200, headers, _JSON)
        status, told = written(error)
        return Response(json.dumps(told), status, headers, _JSON)

    return endpoint


def _heard(asked: Asked, request: Request) -> None:
    """Read the headers of a call; what is missing or spoilt is as if it was not said."""
    headers = request.headers
    if (key := headers.get("idempotency-key")) is not None:
        asked.key = str(json.loads(key)) if key.startswith('"') else key
    if (deadline := headers.get("x-msalab-deadline")) is not None:
        asked.deadline = int(deadline)
    if (caller := headers.get("x-msalab-caller")) is not None:
        service, subject, roles = json.loads(caller)
        asked.caller = Caller(str(service), str(subject), tuple(map(str, roles)))
    if (trace := headers.get("traceparent")) is not None:
        _, trace_id, span_id, _ = trace.split("-")
        asked.trace, asked.span = int(trace_id, 16) & _SIGNED, int(span_id, 16) & _SIGNED
    if (story := headers.get("x-msalab-story")) is not None:
        asked.saga, asked.cause, asked.lamport = json.loads(story)


def _arguments(request: Request, body: bytes, *, rest: bool) -> object:
    """Gather the arguments of a request from body, path and query.

    Raises:
        InvalidRequest: when the body is no JSON object or too large.
    """
    if len(body) > LARGEST_BODY:
        raise InvalidRequest(f"the body is larger than {LARGEST_BODY} bytes")
    try:
        told = _decode(body) if body else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidRequest("the body is no JSON") from None
    if not rest:
        return told
    if not isinstance(told, dict):
        raise InvalidRequest("the body must be an object")
    return {**request.query_params, **told, **request.path_params}
