"""Finds the services: every folder of the `services` package with a `spec.py`, an overlay's folder first."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import traceback
from pathlib import Path

from msa_lab.errors import UserMistake
from msa_lab.sdk.conduct import refuse_other_waiting, refuse_what_does_not_fit
from msa_lab.sdk.spec import ServiceSpec

_NOT_IN = re.compile(
    r"cannot import name '(?P<wanted>\w+)' from '(?P<module>services\.[\w.]+)'"
    r"|module '(?P<owner>services\.[\w.]+)' has no attribute '(?P<attribute>\w+)'"
)
"""What Python says of a name that a module lacks, in all its versions: 3.11 has it nowhere else."""


def discover(overlay: Path | None = None) -> tuple[ServiceSpec, ...]:
    """Import all specs and give them sorted by name.

    `overlay` is a workspace's `services` folder: a folder in it replaces the built-in service of that name.

    Raises:
        UserMistake: when a service's own code cannot be imported, or its spec has another name.
    """
    package = importlib.import_module("services")
    places = list(package.__path__)
    if overlay is not None and str(overlay) not in places:
        package.__path__.insert(0, str(overlay))
    names = sorted({module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg})
    for name in names:
        if overlay is not None and (overlay / name).is_dir():
            refuse_other_waiting(name, overlay / name)
    return tuple(_load(name, overlay) for name in names)


def _load(name: str, overlay: Path | None) -> ServiceSpec:
    try:
        module = importlib.import_module(f"services.{name}.spec")
        spec = module.SPEC
    except (Exception, SystemExit) as error:
        missing = "" if overlay is None else _missed_in(overlay, error)
        if missing:
            raise UserMistake(missing) from error
        raise UserMistake(
            f"service {name}: its code cannot be loaded: {_place(error)}{type(error).__name__}: {error}"
        ) from error
    if not isinstance(spec, ServiceSpec) or spec.name != name:
        raise UserMistake(
            f"service {name}: services/{name}/spec.py must define SPEC = ServiceSpec(name={name!r}, ...)"
        )
    refuse_what_does_not_fit(spec, module, sys.modules.get(f"services.{name}.api"))
    return spec


def _missed_in(overlay: Path, error: BaseException) -> str:
    """Say which of the overlay's modules lacks a name that a shipped service needs, '' when none does."""
    where = _place(error)
    found = _NOT_IN.match(str(error))
    if (
        found is None
        or not where
        or Path(where.rpartition(":")[0].rpartition(":")[0]).is_relative_to(overlay)
    ):
        return ""
    wanted, module = found["wanted"] or found["attribute"], found["module"] or found["owner"]
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None or not Path(file).is_relative_to(overlay):
        return ""
    return f"service {module.split('.')[1]}: {file}: has no {wanted}, which is needed at {where.rstrip(': ')}"


def _place(error: BaseException) -> str:
    """Give the innermost line of a service's code that an exception came through, if there is one."""
    if isinstance(error, SyntaxError):
        return ""  # says so itself
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__", "")).startswith("services."):
            found = f"{frame.f_code.co_filename}:{line}: "
    return found
