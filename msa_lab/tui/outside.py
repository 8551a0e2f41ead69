"""Other programs: run with a text for input and listened to, or an editor that opens a file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

LONGEST: Final = 30.0
MOST: Final = 400_000
_SHELL: Final = ("cmd", "/c") if os.name == "nt" else ("/bin/sh", "-c")
_BY_COLON: Final = ("hx", "subl", "zed", "micro")
_BY_GOTO: Final = ("code", "codium", "cursor", "code-insiders")


@dataclass(frozen=True, slots=True)
class Paper:
    """A thing as a file: its text and a name for it; or the file it stands in, and the line."""

    text: str
    name: str = "panel.txt"
    path: Path | None = None
    line: int = 0


def editor_line(command: str, path: Path, line: int) -> list[str]:
    """Give the words that open a file at a line in an editor (0: at its start)."""
    words = shlex.split(command)
    name = Path(words[0]).name
    if not line:
        return [*words, str(path)]
    if name in _BY_GOTO:
        return [*words, "--goto", f"{path}:{line}"]
    if name in _BY_COLON:
        return [*words, f"{path}:{line}"]
    return [*words, f"+{line}", str(path)]


@contextlib.contextmanager
def on_paper(paper: Paper) -> Iterator[Path]:
    """Give the thing's file: its own, or one that is there for a while."""
    if paper.path is not None:
        yield paper.path
        return
    with tempfile.TemporaryDirectory(prefix="msalab-") as folder:
        path = Path(folder) / paper.name
        path.write_text(paper.text, encoding="utf-8")
        yield path


async def heard(
    command: str | Sequence[str],
    text: str = "",
    *,
    variables: Mapping[str, str] | None = None,
    longest: float = LONGEST,
    most: int = MOST,
) -> tuple[str, str]:
    """Run a shell's line, or a program with its arguments, with a text for input.

    Gives what it printed and how it ended: at most `most` bytes within `longest` seconds,
    then it is killed with all it started.

    Raises:
        OSError: when it cannot be started.
    """
    words = [*_SHELL, command] if isinstance(command, str) else [*command]
    printed = bytearray()
    told = ""
    with tempfile.TemporaryFile() as given:
        given.write(text.encode())
        given.seek(0)
        async with _ear() as (ear, mouth):
            process = await asyncio.create_subprocess_exec(
                *words, stdin=given, stdout=mouth, stderr=mouth, env={**os.environ, **(variables or {})},
                start_new_session=True,
            )  # fmt: skip
            mouth.close()
            try:
                async with asyncio.timeout(longest):
                    while len(printed) < most and (more := await ear.read(65536)):
                        printed += more
                    cut = len(printed) >= most
                    told = f"cut after {most:,} bytes" if cut else f"exit code {await process.wait()}"
            except TimeoutError:
                told = f"ended after {longest:g} s"
            finally:
                _kill(process)
                await process.wait()
    return bytes(printed[:most]).decode("utf-8", "replace"), told


@contextlib.asynccontextmanager
async def _ear() -> AsyncIterator[tuple[asyncio.StreamReader, BinaryIO]]:
    """Give both ends of a pipe. A process's own pipes would make `wait` wait for all who inherited them."""
    heard_at, said_at = os.pipe()
    with os.fdopen(said_at, "wb", buffering=0) as mouth:
        ear = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(ear), os.fdopen(heard_at, "rb", buffering=0)
        )
        try:
            yield ear, mouth
        finally:
            transport.close()


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()
