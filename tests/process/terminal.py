"""A terminal in which tests type `msalab`, and what they look at from outside."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Ended:
    code: int
    out: str
    err: str


@dataclass
class Terminal:
    """Where somebody types `msalab`."""

    place: Path
    env: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, code: str = "", **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401
        program = ["-c", code] if code else ["-m", "msa_lab"]
        return subprocess.Popen(  # noqa: S603 - this Python
            [sys.executable, *program, *arguments], cwd=self.place, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **{"env": self._environment(), **options},
        )  # fmt: skip

    def __call__(self, *arguments: str, **options: Any) -> Ended:  # noqa: ANN401 - those of Popen
        with self.start(*arguments, **options) as process:
            out, err = process.communicate(timeout=90)
        return Ended(process.returncode, out, err)

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        ended = self(*arguments, "--json")
        assert ended.code == 0, ended
        return json.loads(ended.out)

    @property
    def folder(self) -> Path:
        return self.place / "state" / "msalab" / "shops" / "shop"

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MSALAB_")}
        own = {
            "XDG_STATE_HOME": str(self.place / "state"),
            "TMPDIR": str(self.place),
            "PYTHONPATH": str(ROOT),
        }
        return clean | own | {"PYTHONPATH": str(ROOT)} | self.env


def until(what: str, true: Callable[[], Any], seconds: float = 20.0) -> Any:  # noqa: ANN401 - what it gives
    """Wait until a condition holds and give what it gave."""
    end = time.perf_counter() + seconds
    while not (found := true()):
        assert time.perf_counter() < end, f"waited in vain until {what}"
        time.sleep(0.02)
    return found


def request(url: str, operation: str, arguments: dict[str, Any], token: str = "") -> Any:  # noqa: ANN401
    """Call an operation through the gateway, as any client would."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    with contextlib.closing(connection):
        body = json.dumps({"operation": operation, "arguments": arguments, "token": token, "client": "test"})
        connection.request("POST", "/api", body, {"content-type": "application/json"})
        reply = connection.getresponse()
        content = json.loads(reply.read())
    assert reply.status == 200, content
    return content["body"]


def supervisor_of(msalab: Terminal) -> int:
    return int(json.loads((msalab.folder / "running.json").read_text())["pid"])
