"""The fork server: a child of the supervisor that has everything imported and starts every process by fork.

It ends when the supervisor's end of its line is closed, as the kernel does for one that was killed, and takes
its children and, then, the run's folder with it. Its children die with it: the kernel sees to it where it can
(Linux), the end of their line to the control plane everywhere.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import shutil
import signal
import socket
import struct
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from msa_lab.runtime.process.refusing import refused
from msa_lab.runtime.process.stamping import stamp_output

Command = list[object]
PR_SET_PDEATHSIG = 1
_LENGTH = struct.Struct(">I")


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent dies; end it if that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns when other threads run; the child begins anew and touches nothing of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


class Nursery:
    """The fork server itself. `run_child` is called in a child with the words of its command."""

    def __init__(
        self,
        line: socket.socket,
        folder: Path,
        logs: Path,
        run_child: Callable[..., object],
        farewell: Callable[[], object],
        *,
        supervisor: int,
    ) -> None:
        self._line = line
        self._farewell = farewell
        self._folder = folder
        self._logs = logs
        self._run_child = run_child
        self._children: dict[int, str] = {}
        self._supervisor = supervisor
        self._buffer = b""

    def serve(self) -> None:
        """Obey until the supervisor's end of the line is closed; then kill all children."""
        awake, asleep = socket.socketpair()
        awake.settimeout(0)
        asleep.settimeout(0)
        signal.set_wakeup_fd(asleep.fileno())
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        try:
            while self._once(awake):
                pass
        finally:
            self._end()

    def give_up(self, error: Exception) -> None:
        """Tell the supervisor what the machine has refused."""
        words = refused(error)
        if words:
            self._tell(["refused", words])

    def _once(self, awake: socket.socket) -> bool:
        ready, _, _ = select.select([self._line, awake], [], [])
        if awake in ready:
            awake.recv(4096)
        self._reap()
        return self._line not in ready or self._hear()

    def _hear(self) -> bool:
        got = self._line.recv(65536)
        if not got:
            return False
        self._buffer += got
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack(self._buffer[: _LENGTH.size])
            if len(self._buffer) < _LENGTH.size + length:
                break
            body = self._buffer[_LENGTH.size : _LENGTH.size + length]
            self._buffer = self._buffer[_LENGTH.size + length :]
            self._obey(msgspec.msgpack.decode(body))
        return True

    def _obey(self, command: list[object]) -> None:
        match command:
            case ["fork", str(name), *words]:
                self._start(name, lambda: self._run_child(name, *words))
            case ["exec", str(name), list(argv)]:
                self._start(name, lambda: os.execv(str(argv[0]), [str(word) for word in argv]))  # noqa: S606
            case ["signal", str(name), int(number)]:
                for pid, known in self._children.items():
                    if known == name:
                        os.kill(pid, number)

    def _start(self, name: str, main: Callable[[], object]) -> None:
        parent = os.getpid()
        pid = _fork()
        if pid == 0:
            self._be_child(name, parent, main)
        self._children[pid] = name
        self._tell(["born", name, pid])

    def _be_child(self, name: str, parent: int, main: Callable[[], object]) -> None:
        code = 1
        try:
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            out = os.open(self._logs / f"{name}.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(out, 1)
            os.dup2(out, 2)
            _close_from(3)
            stamp_output()
            main()
            code = 0
        except BaseException:  # noqa: BLE001 - the last frame of this process
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self._children.pop(pid, None)
            if name is not None:
                code = os.waitstatus_to_exitcode(status)
                self._tell(["died", name, pid, code, used.ru_utime + used.ru_stime])

    def _tell(self, message: Sequence[object]) -> None:
        body = msgspec.msgpack.encode(message)
        try:
            self._line.sendall(_LENGTH.pack(len(body)) + body)
        except OSError:
            return  # the supervisor is gone; `_hear` sees it

    def _end(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)
        if os.getppid() != self._supervisor:
            shutil.rmtree(self._folder, ignore_errors=True)  # nobody else is left to do it
            self._farewell()


def _close_from(first: int) -> None:
    os.closerange(first, 4096)


def open_nursery(
    folder: Path,
    logs: Path,
    prepare: Callable[[], object],
    run_child: Callable[..., object],
    farewell: Callable[[], object],
) -> tuple[int, socket.socket]:
    """Fork the fork server off this process and give its pid and the line to it.

    `folder` is removed and `farewell` called when this process is killed; what is printed goes to files in
    `logs`. `prepare` imports what its children will need. There must be no running loop.
    """
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    pid = _fork()
    if pid:
        theirs.close()
        return pid, ours
    code = 1
    try:
        os.setsid()  # Ctrl-C is the supervisor's affair
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        ours.detach()
        kept = os.dup2(theirs.detach(), 3)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(os.open(logs / "nursery.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
        _close_from(4)
        nursery = Nursery(socket.socket(fileno=kept), folder, logs, run_child, farewell, supervisor=parent)
        try:
            prepare()
            gc.collect()
            gc.freeze()
            gc.set_threshold(5_000, 20, 20)  # whatever the supervisor had set for itself
            nursery.serve()
        except Exception as error:
            nursery.give_up(error)
            raise
        code = 0
    except BaseException:  # noqa: BLE001 - the last frame of this process
        traceback.print_exc()
    finally:
        os._exit(code)
    raise AssertionError("not reached")
