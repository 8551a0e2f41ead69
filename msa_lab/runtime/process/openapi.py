"""The OpenAPI page of a service, written from its operations when somebody asks for it.

It describes the operations at their own paths, as the host serves them: each refusal of the business and
each failure of the host with its status, the limits of requests, and who reaches what through the gateway.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import TypeAdapter

from msa_lab.runtime.process.intake import LONGEST_KEY
from msa_lab.runtime.process.limits import DEEPEST, LARGEST_INTEGER, Limits
from msa_lab.runtime.process.records import adapter
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.failures import DomainError
from msa_lab.sdk.spec import ServiceSpec

JSON = "application/json"
BODILESS = ("GET", "DELETE")
"""Methods whose arguments come by path and query alone."""

_REFERENCE = "#/components/schemas/{model}"
_FAILURE = {"$ref": _REFERENCE.format(model="Failure")}

_HOST: Mapping[int, str] = {
    422: "The request does not fit.",
    500: "A bug, or nobody can tell whether it happened.",
    502: "A service that was asked failed or hung up.",
    503: "Too busy, or something that is needed is not there. Nothing was begun, unless `began` says so.",
    504: "The caller's deadline has passed, or a service that was asked did not answer in time.",
}
_OF_BODIES: Mapping[int, str] = {
    400: "The body ended early.", 408: "The body came too slowly.", 413: "The body is too large.",
    415: "The body is not said to be JSON.",
}  # fmt: skip

Refusals = Mapping[int, tuple[type[DomainError], ...]]


def page(spec: ServiceSpec, limits: Limits, shop: Mapping[str, ServiceSpec]) -> dict[str, Any]:
    """Give the OpenAPI 3.1 document of a service, one of a shop."""
    types: dict[tuple[str, Literal["validation", "serialization"]], TypeAdapter[Any]] = {}
    for part in spec.operations:
        types[part.operation.name, "validation"] = adapter(part.operation.request)
        types[part.operation.name, "serialization"] = adapter(part.operation.reply)
    made, shared = TypeAdapter.json_schemas(
        [(name, mode, one) for (name, mode), one in types.items()],
        ref_template=_REFERENCE,
    )
    schemas = {**shared.get("$defs", {}), "Failure": _failure()}
    passed = _outward(shop) if spec.edge else ()
    paths: dict[str, dict[str, Any]] = {}
    for part in spec.operations:
        operation = part.operation
        request = _resolved(made[operation.name, "validation"], schemas)
        reply = made[operation.name, "serialization"]
        described = _described(operation, request, limits)
        described["responses"] = _responses(operation, reply, (*operation.errors, *passed))
        if spec.edge:
            described["security"] = [{}, {"token": []}]
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": spec.name, "description": _told(spec, limits), "version": "1"},
        "paths": paths,
        "components": {"schemas": {name: _exact(schema) for name, schema in sorted(schemas.items())}},
    }
    if spec.edge:
        told = "What `user.login` gave. It may stand in the body as `token` instead."
        document["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": told}
        }
    return document


def _told(spec: ServiceSpec, limits: Limits) -> str:
    """Say what holds for all operations of the page."""
    within = f"{limits.head_within:g} s for the head, {limits.body_within:g} s for the body"
    return (
        f"{spec.purpose}\n\nThe body of a request is a JSON object of at most {limits.body} bytes and "
        f"{DEEPEST} levels, its address has at most {limits.address} bytes (414), its head at most "
        f"{limits.head} (431); a client has {within} (408). Integers lie within 2^53 - 1, texts hold no NUL. "
        "Beside its operations the service answers `/health`, `/ready`, `/metrics`, `/docs` and, for other "
        "services, `POST /calls/OPERATION` with all arguments in the body."
    )


def _failure() -> dict[str, Any]:
    return {
        "type": "object", "title": "Failure", "description": "What is said when it is not by the business.",
        "required": ["failure", "message"],
        "properties": {
            "failure": {"type": "string"},
            "message": {"type": "string"},
            "began": {"type": "boolean", "description": "The work was begun: it may have had an effect."},
        },
    }  # fmt: skip


def _outward(shop: Mapping[str, ServiceSpec]) -> tuple[type[DomainError], ...]:
    """Give the refusals of all operations that can be reached from outside: the edge passes them on."""
    return tuple(
        dict.fromkeys(
            error
            for spec in shop.values() for part in spec.operations if part.operation.access != "internal"
            for error in part.operation.errors
        )
    )  # fmt: skip


def _described(operation: Operation[Any, Any], request: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Describe what may be asked."""
    fields: Mapping[str, Any] = request.get("properties", {})
    needed = request.get("required", ())
    inside = [name for name in fields if f"{{{name}}}" in operation.path]
    bodiless = operation.method in BODILESS
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary or operation.name,
        "description": _reached(operation),
        "x-msalab-access": operation.access,
        "parameters": [
            {
                "name": name, "in": "path" if name in inside else "query",
                "required": name in inside or name in needed, "schema": _exact(_without_null(fields[name])),
            }
            for name in (fields if bodiless else inside)
        ],
    }  # fmt: skip
    if operation.keyed:
        described["parameters"].append(
            {
                "name": "idempotency-key", "in": "header", "required": False,
                "description": "A second request with the same key gets the first one's reply.",
                "schema": {"type": "string", "maxLength": LONGEST_KEY},
            }
        )  # fmt: skip
    if not bodiless:
        body = {
            **request,
            "properties": {name: schema for name, schema in fields.items() if name not in inside},
            "required": [name for name in needed if name not in inside],
        }
        described["requestBody"] = {
            "required": bool(body["required"]),
            "description": f"At most {limits.body} bytes.",
            "content": {JSON: {"schema": _exact(body)}},
        }
    return described


def _reached(operation: Operation[Any, Any]) -> str:
    """Say who reaches it from outside."""
    words = {
        "internal": "The gateway lets nobody reach it.",
        "public": "Through the gateway: for all.",
        "user": "Through the gateway: with a token. Here the header `x-msalab-caller` says whose it was.",
        "admin": "Through the gateway: with a token that has the role `admin`.",
    }
    return words[operation.access]


def _responses(
    operation: Operation[Any, Any], reply: Mapping[str, Any], errors: tuple[type[DomainError], ...]
) -> dict[str, Any]:
    """Describe every answer there can be."""
    failures = dict(_HOST)
    if operation.method not in BODILESS:
        failures.update(_OF_BODIES)
    if "{" in operation.path:
        failures[404] = "There is no such path."
    refusals: dict[int, list[type[DomainError]]] = {}
    for error in dict.fromkeys(errors):
        refusals.setdefault(error.status, []).append(error)
    responses: dict[str, Any] = {"200": {"description": "Done.", "content": {JSON: {"schema": dict(reply)}}}}
    for status in sorted({*failures, *refusals}):
        refused = refusals.get(status, [])
        words = [f"`{error.code}`: {(error.__doc__ or '').strip()}" for error in refused]
        bodies: list[dict[str, Any]] = [_refusal(refused)] if refused else []
        if status in failures:
            words.append(failures[status])
            bodies.append(_FAILURE)
        responses[str(status)] = {
            "description": "\n\n".join(words),
            "content": {JSON: {"schema": bodies[0] if len(bodies) == 1 else {"anyOf": bodies}}},
        }
    return responses


def _refusal(errors: list[type[DomainError]]) -> dict[str, Any]:
    """Describe the body of refusals by the business."""
    return {
        "type": "object",
        "required": ["error", "message", "data"],
        "properties": {
            "error": {"enum": sorted({error.code for error in errors})},
            "message": {"type": "string"},
            "data": {"type": "object"},
        },
    }


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Give the schema itself where it is only a reference."""
    reference = schema.get("$ref")
    return dict(schema if reference is None else schemas[reference.rpartition("/")[2]])


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what an address cannot say: a parameter that is null is not given."""
    told = {name: part for name, part in schema.items() if not (name == "default" and part is None)}
    others = [part for part in told.get("anyOf", ()) if part != {"type": "null"}]
    if len(others) == 1:
        del told["anyOf"]
        told.update(others[0])
    return told


def _exact(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Write the bounds of integers into a schema that has none."""
    bounded = copy.deepcopy(dict(schema))
    waiting: list[Any] = [bounded]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if part.get("type") == "integer":
                if "exclusiveMinimum" not in part:
                    part.setdefault("minimum", -LARGEST_INTEGER)
                if "exclusiveMaximum" not in part:
                    part.setdefault("maximum", LARGEST_INTEGER)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return bounded
