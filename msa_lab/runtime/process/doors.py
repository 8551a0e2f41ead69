"""Ports: any free one of the loopback interface, or the fixed ones at which a running shop is reached."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping, Sequence

from msa_lab.errors import EnvironmentTrouble
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.topology.model import Topology

LOOPBACK = "127.0.0.1"


def bound(host: str = LOOPBACK, port: int = 0) -> socket.socket:
    """Listen on a port, 0 for any free one.

    Raises:
        EnvironmentTrouble: when it is taken or may not be used.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if port:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # of the incarnation before
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise EnvironmentTrouble(
                f"port {port} of {host} is taken\n  take another with --port, or any free one without it"
            ) from error
        raise EnvironmentTrouble(f"port {port} of {host}: {error.strerror or error}") from error
    listening.listen(512)
    return listening


def doors(
    specs: Sequence[ServiceSpec], topology: Topology, host: str, port: int | None, before: Mapping[str, int]
) -> dict[str, int]:
    """Choose the ports of the edge's instances: `port` for the first, those of `before` while they are free.

    Raises:
        EnvironmentTrouble: when `port` is taken, or nothing can listen on `host`.
    """
    edge = next(spec.name for spec in specs if spec.edge)
    found: dict[str, int] = {}
    for number in range(1, topology.deployments[edge].replicas + 1):
        instance = f"{edge}-{number}"
        if number == 1 and port is not None:
            found[instance] = _free(host, port)
        else:
            found[instance] = _free_again(host, before.get(instance, 0))
    return found


def _free(host: str, port: int) -> int:
    listening = bound(host, port)
    try:
        return int(listening.getsockname()[1])
    finally:
        listening.close()


def _free_again(host: str, port: int) -> int:
    try:
        return _free(host, port)
    except EnvironmentTrouble:
        if not port:
            raise
        return _free(host, 0)
