"""One service for uvicorn: `uvicorn --factory msa_lab.serving:product`, or `:app` and MSALAB_SERVICE."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

from msa_lab import bootstrap
from msa_lab.errors import MsaLabError, UserMistake


def app() -> object:
    """Make the application of the service that MSALAB_SERVICE names."""
    return _made(os.environ.get("MSALAB_SERVICE", ""))


def __getattr__(name: str) -> Callable[[], object]:
    """Give the factory of the service of that name."""
    if name.startswith("_"):
        raise AttributeError(name)
    return functools.partial(_made, name)


def _made(service: str) -> object:
    try:
        if not service:
            raise UserMistake("which service? MSALAB_SERVICE=product uvicorn --factory msa_lab.serving:app")
        return bootstrap.service_alone(service, bootstrap.Workspace(Path.cwd()), os.environ)
    except MsaLabError as trouble:
        sys.stderr.write(f"error: {trouble}\n")
        raise SystemExit(trouble.exit_code) from None
