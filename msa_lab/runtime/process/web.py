"""The FastAPI app of an instance: its operations, health, readiness and OpenAPI."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from pydantic_core import to_json
from starlette.responses import JSONResponse
from starlette.routing import Route

from msa_lab.runtime.process.exchange import CALLS
from msa_lab.runtime.process.failing import written
from msa_lab.runtime.process.host import Asked, Host
from msa_lab.runtime.process.openapi import JSON as _JSON
from msa_lab.runtime.process.openapi import page
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import InvalidRequest
from msa_lab.sdk.ports import Caller

LARGEST_BODY = 1024 * 1024
_SIGNED = (1 << 63) - 1
_decode = msgspec.json.Decoder().decode
Endpoint = Callable[[Request], Awaitable[Response]]


def app_of(host: Host) -> FastAPI:
    """Make the app of an instance."""
    spec = host.spec
    app = FastAPI(title=spec.name, description=spec.purpose, version="1", docs_url=None, redoc_url=None)
    document = functools.cache(lambda: page(spec))
    app.openapi = document  # type: ignore[method-assign] # written from the specs, when it is asked for
    routes = app.router.routes
    for part in spec.operations:
        operation = part.operation
        by_name = _endpoint(host, operation, rest=False)
        routes.append(Route(f"{CALLS}{operation.name}", by_name, methods=["POST"]))
        by_path = _endpoint(host, operation, rest=True)
        routes.append(Route(operation.path, by_path, methods=[operation.method]))

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "instance": host.desk.instance})

    async def ready(_request: Request) -> Response:
        return JSONResponse({"ready": host.ready}, 200 if host.ready else 503)

    routes.append(Route("/health", health))
    routes.append(Route("/ready", ready))
    return app


def _endpoint(host: Host, operation: Operation[Any, Any], *, rest: bool) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        asked = Asked()
        with contextlib.suppress(ValueError, TypeError):
            _heard(asked, request)
        story = host.story(asked.saga, asked.trace, asked.span, asked.cause)
        try:
            arguments = _arguments(request, await _body(request), rest=rest)
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


async def _body(request: Request) -> bytes:
    """Read the body, and not more than may be.

    Raises:
        InvalidRequest: when it is too large.
    """
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > LARGEST_BODY:
            raise InvalidRequest(f"the body is larger than {LARGEST_BODY} bytes")
    return bytes(chunks)


def _arguments(request: Request, body: bytes, *, rest: bool) -> object:
    """Gather the arguments of a request from body, path and query.

    Raises:
        InvalidRequest: when the body is no JSON object.
    """
    try:
        told = _decode(body) if body else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidRequest("the body is no JSON") from None
    if not rest:
        return told
    if not isinstance(told, dict):
        raise InvalidRequest("the body must be an object")
    return {**request.query_params, **told, **request.path_params}
