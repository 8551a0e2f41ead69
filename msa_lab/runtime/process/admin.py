"""The control plane as others of this user reach it: JSON lines on a Unix socket, one request a connection.

A request is `{"token": ..., "verb": ..., ...}`. Answers are any number of `{"progress": ...}`, then one
`{"done": ...}` or `{"error": text, "exit": code}`. The socket lies in a folder that only its owner may enter;
the token is asked for all the same, for whoever may pass through such folders.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msa_lab.errors import MsaLabError, UserMistake
from msa_lab.runtime.process.wire import send

LONGEST = 256 * 1024
"""No request is longer, in bytes."""

ASK_WITHIN = 10.0
"""How many seconds somebody who connects has to ask."""

Tell = Callable[[Mapping[str, Any]], object]
Verb = Callable[[Mapping[str, Any], Tell], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Door:
    """Where a control plane listens, and the token it asks for."""

    place: Path
    token: str


class Admin:
    """Answers requests about one running shop: finds the verb, looks at the token, says what went wrong."""

    def __init__(self, token: str, verbs: Mapping[str, Verb]) -> None:
        self._token = token.encode()
        self._verbs = verbs
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None] | None] = set()

    async def open(self, socket: Path) -> None:
        """Listen."""
        before = os.umask(0o077)
        try:
            self._server = await asyncio.start_unix_server(self._met, str(socket), limit=LONGEST)
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Listen no more; come back when those who are being served have their answer."""
        if self._server is not None:
            self._server.close()
        serving = [task for task in self._serving if task is not None]
        if serving:
            await asyncio.wait(serving, timeout=1.0)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())

        def tell(progress: Mapping[str, Any]) -> None:
            _say(writer, {"progress": progress})

        try:
            async with asyncio.timeout(ASK_WITHIN):
                line = await reader.readline()
            _say(writer, await self._answer(line, tell))
            await writer.drain()
        except (TimeoutError, ValueError, OSError):
            pass  # too slow, too long, or gone
        finally:
            writer.close()
            self._serving.discard(asyncio.current_task())

    async def _answer(self, line: bytes, tell: Tell) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if not isinstance(request, dict):
            return {"error": "the request is no JSON object", "exit": UserMistake.exit_code}
        token = request.pop("token", None)
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(), self._token):
            return {"error": "the token is wrong", "exit": UserMistake.exit_code}
        verb = self._verbs.get(str(request.pop("verb", "")))
        if verb is None:
            return {"error": "the control plane knows no such verb", "exit": UserMistake.exit_code}
        try:
            return {"done": await verb(request, tell)}
        except MsaLabError as error:
            render = getattr(error, "render", None)
            text = render() if callable(render) else str(error)
            return {"error": text, "exit": error.exit_code, "rendered": callable(render)}
        except Exception:  # noqa: BLE001 - a bug in one verb must not end the shop
            traceback.print_exc(file=sys.stderr)
            return {"error": "the supervisor failed; see: msalab logs supervisor", "exit": 70}


def _say(writer: asyncio.StreamWriter, answer: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):
        send(writer, json.dumps(answer).encode() + b"\n")
