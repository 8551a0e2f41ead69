"""The OpenAPI page of a service, written from its operations when somebody asks for it."""

from __future__ import annotations

from typing import Any

from msa_lab.runtime.process.records import adapter
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.spec import ServiceSpec

JSON = "application/json"
BODILESS = ("GET", "DELETE")
"""Methods whose arguments come by path and query alone."""

_REFERENCE = "#/components/schemas/{model}"


def page(spec: ServiceSpec) -> dict[str, Any]:
    """Give the OpenAPI 3.1 document of a service."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for part in spec.operations:
        operation = part.operation
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": spec.name, "description": spec.purpose, "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _described(operation: Operation[Any, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    request = _schema(adapter(operation.request).json_schema(ref_template=_REFERENCE), schemas)
    reply = adapter(operation.reply).json_schema(mode="serialization", ref_template=_REFERENCE)
    responses: dict[str, Any] = {
        "200": {"description": "Done.", "content": {JSON: {"schema": _schema(reply, schemas)}}},
        "422": {"description": "The request does not fit."},
    }
    for error in operation.errors:
        responses[str(error.status)] = {"description": f"{error.code}: {(error.__doc__ or '').strip()}"}
    described: dict[str, Any] = {
        "operationId": operation.name, "summary": operation.summary or operation.name, "responses": responses,
    }  # fmt: skip
    inside = [name for name in request.get("properties", {}) if f"{{{name}}}" in operation.path]
    named = request.get("properties", {}) if operation.method in BODILESS else inside
    described["parameters"] = [
        {
            "name": name,
            "in": "path" if name in inside else "query",
            "required": name in inside or name in request.get("required", ()),
            "schema": request["properties"][name],
        }
        for name in named
    ]
    if operation.method not in BODILESS:
        body = {
            **request,
            "properties": {n: part for n, part in request.get("properties", {}).items() if n not in inside},
            "required": [name for name in request.get("required", ()) if name not in inside],
        }
        described["requestBody"] = {"required": bool(body["required"]), "content": {JSON: {"schema": body}}}
    return described


def _schema(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Move the definitions of a schema to the shared ones."""
    schemas.update(schema.pop("$defs", {}))
    return schema
