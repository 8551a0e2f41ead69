"""A RabbitMQ of the tests' own, from Debian's package: no service of the system is touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BINARY = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_WITHIN = 60.0
HELLO = b"AMQP\x00\x00\x09\x01"


def missing() -> str:
    """Say why there can be none here; '' when there can."""
    if not BINARY.exists() or shutil.which("epmd") is None:
        return "no RabbitMQ here: apt-get install rabbitmq-server"
    return ""


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Rabbit:
    """A server of this session's own."""

    url: str
    environment: Mapping[str, str]
    user: str | None

    def names(self) -> list[str]:
        """Give the names of all queues, and of all exchanges that somebody has made."""
        return [*self._listed("list_queues"), *self._listed("list_exchanges")]

    def _listed(self, what: str) -> list[str]:
        user = self.user
        others: list[str] | None = [] if user else None
        said = subprocess.run(  # noqa: S603 - the package's own program
            [str(BINARY.with_name("rabbitmqctl")), "-q", "--no-table-headers", what, "name"],
            env=dict(self.environment), capture_output=True, text=True, check=True, timeout=60,
            user=user, group=user, extra_groups=others,
        )  # fmt: skip
        return [name for name in said.stdout.split() if not name.startswith("amq.")]


@contextlib.contextmanager
def rabbit(folder: Path) -> Iterator[Rabbit]:
    """Run a server with files, name and ports of its own.

    As root it runs as the user that the package made. Erlang nodes find each other by epmd, a daemon that
    would stay: so this one has its own, as a child.
    """
    port, distribution, registry = _free_port(), _free_port(), _free_port()
    user = "rabbitmq" if os.geteuid() == 0 else None
    folder.mkdir()
    if user:
        shutil.chown(folder, user, user)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)  # pytest's own folders let nobody through
    (folder / "plugins").write_text("[].\n")
    (folder / "rabbit.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nnum_acceptors.tcp = 2\n"
        "log.console = true\nlog.console.level = warning\n"
    )
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(registry), "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"msalab{port}@localhost", "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "db"), "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-", "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbit.conf"), "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
    }  # fmt: skip
    others: list[str] | None = [] if user else None
    out = (folder / "out").open("w")
    names = subprocess.Popen(  # noqa: S603 - found by name, above
        [str(shutil.which("epmd")), "-port", str(registry), "-address", "127.0.0.1"],
        env=environment, stdout=out, stderr=out, user=user, group=user, extra_groups=others,
    )  # fmt: skip
    server = subprocess.Popen(  # noqa: S603 - the package's own program
        [str(BINARY)],
        env=environment,
        stdout=out,
        stderr=out,
        cwd=folder,
        start_new_session=True,
        user=user,
        group=user,
        extra_groups=others,
    )
    try:
        _wait_until_it_answers(server, port, folder / "out")
        yield Rabbit(f"amqp://guest:guest@127.0.0.1:{port}/", environment, user)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)  # the script and the Erlang machine that it started
        server.wait()
        names.kill()
        names.wait()
        out.close()


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, out: Path) -> None:
    until = time.monotonic() + START_WITHIN  # noqa: TID251 - a real server takes real time
    while time.monotonic() < until:  # noqa: TID251 - as above
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as asking:
            asking.settimeout(5)
            asking.sendall(HELLO)
            if asking.recv(1):
                return
        time.sleep(0.05)
    raise RuntimeError(f"RabbitMQ does not start: {out.read_text()[-2000:]}")
