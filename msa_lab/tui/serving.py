"""The live view in a browser: on the loopback interface, behind a token, each window a process."""

from __future__ import annotations

import secrets
import shlex
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from aiohttp import web
from textual_serve.server import Server

from msa_lab.errors import EnvironmentTrouble

_WINDOWS: Final = 8
_PATIENCE: Final = 3.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Browser(Server):
    """Serves windows of one command to whoever knows the token."""

    def __init__(self, command: Sequence[str], line: socket.socket, *, title: str, token: str) -> None:
        host, port = line.getsockname()[:2]
        super().__init__(
            shlex.join(command), host=host, port=port, title=title,
            templates_path=Path(__file__).parent / "browser",
        )  # fmt: skip
        self._line = line
        self._token = token
        self._open = 0
        self._hosts = {f"{name}:{port}" for name in (host, "localhost", "127.0.0.1")}
        self._cookie = f"msalab-{port}"

    @property
    def address(self) -> str:
        """Where a browser opens it, with the token."""
        return f"{self.public_url}/?token={self._token}"

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guarded)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: whoever started it tells the address."""

    def run(self) -> None:
        """Serve until a signal comes."""
        web.run_app(self._make_app(), sock=self._line, print=None, shutdown_timeout=_PATIENCE)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in whoever has the token, from a page of this address alone."""
        if request.headers.get("Host") not in self._hosts:
            raise web.HTTPForbidden(text="another host's name leads here\n")
        if request.headers.get("Origin", self._origin(request)) != self._origin(request):
            raise web.HTTPForbidden(text="another page may not ask\n")
        given = request.query.get("token", "")
        if secrets.compare_digest(given.encode(), self._token.encode()):
            answer = web.HTTPSeeOther("/")
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict", path="/")
            raise answer
        if not secrets.compare_digest(request.cookies.get(self._cookie, "").encode(), self._token.encode()):
            raise web.HTTPForbidden(
                text="open it by the address with the token that `msalab serve` printed\n"
            )
        return await self._counted(request, handler)

    @staticmethod
    def _origin(request: web.Request) -> str:
        return f"http://{request.headers.get('Host', '')}"

    async def _counted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count the windows: each one is a process."""
        if request.path != "/ws":
            answer = await handler(request)
            answer.headers["Referrer-Policy"] = "no-referrer"
            answer.headers["Content-Security-Policy"] = (
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                f"font-src 'self' data:; connect-src 'self' ws://{request.headers['Host']}"
            )
            return answer
        if self._open >= _WINDOWS:
            raise web.HTTPServiceUnavailable(text=f"{_WINDOWS} windows are open already\n")
        self._open += 1
        try:
            return await handler(request)
        finally:
            self._open -= 1


def listening(host: str, port: int) -> socket.socket:
    """Take a port (0: any free one).

    Raises:
        EnvironmentTrouble: when it cannot be had.
    """
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        line.bind((host, port))
    except OSError as error:
        line.close()
        raise EnvironmentTrouble(
            f"{host}:{port} cannot be had: {error.strerror or error}\n  another one:  --port 0"
        ) from error
    return line


def serve(command: Sequence[str], *, host: str, port: int, title: str, tell: Callable[[str], object]) -> None:
    """Serve windows of a command until a signal comes; `tell` gets the address.

    Raises:
        EnvironmentTrouble: when the port cannot be had.
    """
    with listening(host, port) as line:
        browser = Browser(command, line, title=title, token=secrets.token_urlsafe(24))
        tell(browser.address)
        browser.run()
