"""An OpenAPI document as a page for people: it needs nothing from anywhere else, and can try things out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

_FRAME = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
code,pre,textarea,input{{font:14px/1.4 ui-monospace,monospace}}
pre{{overflow:auto;background:#8882;padding:.5rem}}
summary{{cursor:pointer}}details{{border-top:1px solid #8886;padding:.4rem 0}}details details{{border:0}}
textarea{{width:100%;box-sizing:border-box}}label{{display:block}}:root{{color-scheme:light dark}}</style>
<h1>{title}</h1>{about}<p><a href="/openapi.json">openapi.json</a> · <a href="/health">health</a> ·
<a href="/ready">ready</a> · <a href="/metrics">metrics</a></p>{operations}{schemas}
<script>
document.addEventListener("submit", async event => {{
  event.preventDefault();
  const form = event.target, out = form.querySelector("pre"), query = new URLSearchParams();
  let path = form.dataset.path;
  const headers = {{}};
  for (const input of form.querySelectorAll("input[name]")) {{
    const where = input.dataset.in;
    if (where === "path") path = path.replace("{{" + input.name + "}}", encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (where === "header") headers[input.name] = input.value;
    else query.append(input.name, input.value);
  }}
  const body = form.querySelector("textarea");
  if (body) headers["content-type"] = "application/json";
  const reply = await fetch(path + (query.size ? "?" + query : ""),
    {{method: form.dataset.method, headers, body: body ? body.value : undefined}});
  out.textContent = reply.status + "\\n" + await reply.text();
}});
</script></html>"""


def shown_page(document: Mapping[str, Any]) -> str:
    """Write a document as HTML."""
    info = document["info"]
    return _FRAME.format(
        title=escape(info["title"]),
        about="".join(f"<p>{escape(part)}</p>" for part in info["description"].split("\n\n")),
        operations="".join(
            _operation(path, method, described)
            for path, methods in document["paths"].items()
            for method, described in methods.items()
        ),
        schemas=_folded("Schemas", _pre(document["components"]["schemas"])),
    )


def _operation(path: str, method: str, described: Mapping[str, Any]) -> str:
    inputs = "".join(
        f"<label><code>{escape(one['name'])}</code> ({one['in']}{', needed' if one['required'] else ''}) "
        f'<input name="{escape(one["name"])}" data-in="{one["in"]}"></label>'
        for one in [*described["parameters"], *_of_the_caller(described)]
    )
    content = described.get("requestBody", {}).get("content", {})
    schemas = [part["schema"] for part in content.values()]
    body = "".join(
        f"<textarea rows=4>{escape(_example(schema))}</textarea>{_pre(schema)}" for schema in schemas
    )
    answers = "".join(
        f"<li><b>{status}</b> {escape(one['description'])}</li>"
        for status, one in described["responses"].items()
    )
    form = (
        f'<form data-method="{method.upper()}" data-path="{escape(path)}">{inputs}{body}'
        "<button>Send</button><pre></pre></form>"
    )
    about = f"<p>{escape(described['description'])}</p>"
    summary = f"<b>{method.upper()}</b> <code>{escape(path)}</code> {escape(described['summary'])}"
    return _folded(summary, f"{about}{form}<ul>{answers}</ul>")


def _of_the_caller(described: Mapping[str, Any]) -> list[dict[str, Any]]:
    if described["x-msalab-access"] not in ("user", "admin"):
        return []
    return [{"name": "x-msalab-caller", "in": "header", "required": False}]


def _example(schema: Mapping[str, Any]) -> str:
    """Give a body with every needed field, for the reader to fill in."""
    return json.dumps(dict.fromkeys(schema.get("required", ()), ""))


def _folded(summary: str, inside: str) -> str:
    return f"<details><summary>{summary}</summary>{inside}</details>"


def _pre(value: object) -> str:
    return f"<pre>{escape(json.dumps(value, indent=1))}</pre>"
