"""Other programs: run with a text for input and listened to, or an editor that opens a file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, **(variables or {})}, start_new_session=True,
    )  # fmt: skip
    feeding = asyncio.ensure_future(_feed(process, text.encode()))
    printed = bytearray()
    told = ""
    try:
        async with asyncio.timeout(longest):
            while len(printed) < most and (more := await _more(process)):
                printed += more
            cut = len(printed) >= most
            told = f"cut after {most:,} bytes" if cut else f"exit code {await process.wait()}"
    except TimeoutError:
        told = f"ended after {longest:g} s"
    finally:
        feeding.cancel()
        _kill(process)
        with contextlib.suppress(ProcessLookupError):
            await process.wait()
    return bytes(printed[:most]).decode("utf-8", "replace"), told


async def _more(process: asyncio.subprocess.Process) -> bytes:
    return await process.stdout.read(65536) if process.stdout is not None else b""


async def _feed(process: asyncio.subprocess.Process, text: bytes) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(OSError):  # it may not want to read all
        process.stdin.write(text)
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()
