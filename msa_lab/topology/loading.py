"""Loads topologies from files and settings."""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Sequence

from msa_lab.errors import UserMistake
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.source import (
    Document,
    Mistakes,
    digest,
    fill,
    find,
    names,
    quoted,
    read_file,
    read_yaml,
    salvage,
)
from msa_lab.source import mistakes as codes
from msa_lab.topology.checking import Checker
from msa_lab.topology.fileform import SCHEMA, TopologyForm
from msa_lab.topology.layering import overlay, with_values
from msa_lab.topology.model import Topology

_HEAD = {"schema": SCHEMA, "id": "unnamed", "title": ""}


def list_topologies(search: Sequence[pathlib.Path]) -> dict[str, pathlib.Path]:
    """Give the topology files by name, sorted; earlier folders hide later ones."""
    return names(search)


def load_topology(
    name_or_path: str, search: Sequence[pathlib.Path], specs: Sequence[ServiceSpec]
) -> Topology:
    """Load a topology by name from the folders of `search`, or by path.

    Raises:
        InvalidFile: with all mistakes of the file and of the one it extends.
        UserMistake: when there is no such file.
        EnvironmentTrouble: when it cannot be read.
    """
    path = find("topology", name_or_path, search)
    document = read_file(path)
    mistakes = Mistakes()
    base = _base(document, path, search, mistakes)
    text = document.text if base is None else f"{base.text}\0{document.text}"
    whole = document if base is None else overlay(base, document)
    return build_topology(whole, specs, hashlib.sha256(text.encode()).hexdigest(), mistakes)


def read_topology(text: str, specs: Sequence[ServiceSpec], file: str = "topology.yaml") -> Topology:
    """Give the topology that a text holds; it extends no other.

    Raises:
        InvalidFile: with all mistakes of the text.
    """
    document = read_yaml(text, file)
    mistakes = Mistakes()
    if isinstance(document.data, dict) and "extends" in document.data:
        place = document.place(("extends",), key=True)
        mistakes.add(codes.CONTRADICTION, "only a topology in a file can extend another", place)
    return build_topology(document, specs, digest(document), mistakes)


def build_topology(
    document: Document, specs: Sequence[ServiceSpec], sha256: str, mistakes: Mistakes
) -> Topology:
    """Check a document and give its topology.

    Raises:
        InvalidFile: with the mistakes found here and those noted before.
    """
    form = fill(document, TopologyForm, mistakes)
    if form is None:
        # Names can be checked only in a form that holds; so go on with what does.
        form = salvage(document, TopologyForm, _HEAD)
    topology = Checker(document, specs, mistakes).topology(form, sha256)
    mistakes.raise_if_any()
    return topology


def with_settings(topology: Topology, settings: Sequence[str]) -> Topology:
    """Give a topology with `path=value` settings applied, such as `patterns.retry=off`.

    The checksum changes with the settings.

    Raises:
        InvalidFile: with all mistakes of the settings.
    """
    if not settings:
        return topology
    mistakes = Mistakes()
    document = with_values(topology.document, settings, mistakes)
    text = "\0".join((topology.sha256, *settings))
    return build_topology(document, topology.specs, hashlib.sha256(text.encode()).hexdigest(), mistakes)


def _base(
    document: Document, path: pathlib.Path, search: Sequence[pathlib.Path], mistakes: Mistakes
) -> Document | None:
    """Read the file that this one extends: one level, by name, from its own folder first."""
    name = document.data.get("extends") if isinstance(document.data, dict) else None
    if not isinstance(name, str):
        return None
    mistakes.know(document.file, document.text)
    place = document.place(("extends",))
    try:
        found = find("topology", name, (path.parent, *search))
    except UserMistake as mistake:
        first, _, hint = str(mistake).partition("\n")
        mistakes.add(codes.UNKNOWN_NAME, first, place, hint=hint.strip() or None)
        return None
    base = read_file(found)
    mistakes.know(base.file, base.text)
    if isinstance(base.data, dict) and "extends" in base.data:
        message = f"{quoted(name)} extends another topology itself; only one level is read"
        mistakes.add(codes.CONTRADICTION, message, place)
    return base if isinstance(base.data, dict) else None
