"""The HTTP side of an instance: its operations by path and by name, and the pages about it."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic_core import PydanticSerializationError, to_json
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from msa_lab.runtime.process.browse import shown_page
from msa_lab.runtime.process.exchange import CALLS
from msa_lab.runtime.process.failing import written
from msa_lab.runtime.process.host import Host
from msa_lab.runtime.process.intake import Asked, Receive, Unreadable, asked_of, body_of, named_in, told_in
from msa_lab.runtime.process.limits import LIMITS, Limits
from msa_lab.runtime.process.lines import STORY
from msa_lab.runtime.process.metrics import CONTENT_TYPE, exposed
from msa_lab.runtime.process.openapi import BODILESS, JSON, page
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import InvalidRequest

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
_JSON = JSON.encode()


class Web:
    """The ASGI application of an instance.

    Calls by name are what services say to each other all day: they go past the framework, by a dictionary.
    """

    def __init__(self, host: Host, limits: Limits = LIMITS) -> None:
        self._host = host
        self._limits = limits
        self._named = {part.operation.name: part.operation for part in host.spec.operations}

    @functools.cached_property
    def app(self) -> FastAPI:
        """The framework's application, for people and tools; most instances never meet one."""
        return self._framed()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and scope["path"].startswith(CALLS):
            operation = self._named.get(scope["path"][len(CALLS) :])
            if operation is not None and scope["method"] == "POST":
                await self._serve(operation, scope, receive, send, rest=False)
                return
        await self.app(scope, receive, send)  # type: ignore[arg-type] # Starlette wants mutable mappings

    def _framed(self) -> FastAPI:
        """Make the framework's application, for people and tools."""
        host = self._host
        spec = host.spec
        app = FastAPI(
            title=spec.name, description=spec.purpose, docs_url=None, redoc_url=None, redirect_slashes=False,
            exception_handlers={HTTPException: _not_here},
        )  # fmt: skip
        document = functools.cache(lambda: page(spec, self._limits, host.site.specs))
        app.openapi = document  # type: ignore[method-assign] # written from the specs, when it is asked for

        async def health(_request: Request) -> Response:
            return JSONResponse({"status": "ok", "instance": host.desk.instance})

        async def ready(_request: Request) -> Response:
            there = await host.dependencies()
            ready = host.ready and all(there.values())
            return JSONResponse({"ready": ready, **there}, 200 if ready else 503)

        async def metrics(_request: Request) -> Response:
            return Response(await exposed(host), media_type=CONTENT_TYPE)

        async def docs(_request: Request) -> Response:
            return HTMLResponse(shown_page(document()))

        paths: dict[str, dict[str, Operation[Any, Any]]] = {}
        for part in spec.operations:
            paths.setdefault(part.operation.path, {})[part.operation.method] = part.operation
        app.router.routes += [
            *(Route(f"/{of.__name__}", of) for of in (health, ready, metrics, docs)),
            *(Route(path, self._at(served), methods=list(served)) for path, served in paths.items()),
            Route(f"{CALLS}{{operation}}", _Unknown(self._named), methods=["POST"]),
        ]  # fmt: skip
        return app

    def _at(self, served: Mapping[str, Operation[Any, Any]]) -> _ByMethod:
        return _ByMethod(served, self._serve)

    async def _serve(
        self,
        operation: Operation[Any, Any],
        scope: Mapping[str, Any],
        receive: Receive,
        send: Send,
        *,
        rest: bool,
    ) -> None:
        """Read a request, have it answered, write the reply."""
        host = self._host
        headers = dict(scope["headers"])
        try:
            asked = asked_of(headers)
            body = await body_of(headers, receive, self._limits)
            arguments = (
                self._arguments(operation, scope, headers, body, asked)
                if rest
                else told_in(headers, body, asked)
            )
        except InvalidRequest as invalid:
            host.meter.unread(host.desk.instance, operation.name)
            await _refuse(send, invalid)
            return
        story = host.begun(asked)
        if host.site.gate.closed and STORY not in headers:  # from outside: nobody has held it yet
            await host.site.gate.wait(story, f"request {operation.name}")
        answer = await host.answer(operation, asked, arguments, story)
        status, whole = 200, b""
        error = answer.error
        if error is None:
            try:
                whole = to_json(answer.reply)
            except (PydanticSerializationError, ValueError) as bug:
                host.failed(bug)
                error = bug
        if error is not None:
            status, told = written(error, began=answer.began)
            whole = json.dumps(told).encode()
        back = (STORY, b"[%d, %d]" % (story.cause, host.site.journal.lamport))
        await _reply(send, status, whole, back)

    def _arguments(
        self,
        operation: Operation[Any, Any],
        scope: Mapping[str, Any],
        headers: Mapping[bytes, bytes],
        body: bytes,
        asked: Asked,
    ) -> dict[str, Any]:
        """Gather the arguments of a request to a path.

        Raises:
            InvalidRequest: when they cannot be read.
        """
        named = named_in(scope, asked, self._limits)
        inside: Mapping[str, str] = scope["path_params"]
        if operation.method in BODILESS:
            return {**named, **inside}
        told = told_in(headers, body, asked)
        if not isinstance(told, dict):
            raise InvalidRequest("the body must be an object")
        if self._host.spec.edge and (token := _bearer(headers)):
            told.setdefault("token", token)
        return {**told, **inside}


class _ByMethod:
    """The operations at one path, as an ASGI application."""

    def __init__(self, served: Mapping[str, Operation[Any, Any]], serve: Callable[..., Any]) -> None:
        self._served = dict(served)
        if "GET" in served:
            self._served["HEAD"] = served["GET"]
        self._serve = serve

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve a request; the route has seen to it that its method is known."""
        await self._serve(self._served[scope["method"]], scope, receive, send, rest=True)


class _Unknown:
    """Answers calls by a name that nobody here has."""

    def __init__(self, known: Mapping[str, object]) -> None:
        self._known = known

    async def __call__(self, scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        """Refuse."""
        name = scope["path"][len(CALLS) :]
        await _refuse(send, Unreadable(404, f"no operation {name[:100]!r} here", close=True))


def _bearer(headers: Mapping[bytes, bytes]) -> str:
    """Give the token of RFC 6750, 2.1, '' when there is none."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""


async def _refuse(send: Send, invalid: InvalidRequest) -> None:
    status, told = written(invalid)
    closing = (b"connection", b"close") if isinstance(invalid, Unreadable) and invalid.close else None
    await _reply(send, status, json.dumps(told).encode(), closing)


async def _reply(send: Send, status: int, body: bytes, extra: tuple[bytes, bytes] | None = None) -> None:
    headers = [(b"content-type", _JSON), (b"content-length", b"%d" % len(body))]
    if extra is not None:
        headers.append(extra)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _not_here(_request: Request, error: Exception) -> Response:
    """Say that there is no such path or method, in the form of all our failures."""
    if not isinstance(error, HTTPException):
        raise error
    told = {"failure": "InvalidRequest", "message": str(error.detail)}
    return JSONResponse(told, error.status_code, error.headers)
