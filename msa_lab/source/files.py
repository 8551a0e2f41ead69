"""Finds and reads the files of a workspace."""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Sequence

from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.source import mistakes as codes
from msa_lab.source.document import Document
from msa_lab.source.invalid import InvalidFile
from msa_lab.source.mistakes import Mistake
from msa_lab.source.places import Place
from msa_lab.source.reader import MAX_BYTES, read_yaml
from msa_lab.source.suggesting import meant, quoted


def find(kind: str, name_or_path: str, search: Sequence[pathlib.Path]) -> pathlib.Path:
    """Find `NAME.yaml` in the first folder that has it, or take a path; `kind` is the word in messages.

    A text with a slash or a YAML ending is a path.

    Raises:
        UserMistake: when there is no such file, with the nearest name.
    """
    if name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path or "\\" in name_or_path:
        path = pathlib.Path(name_or_path)
        if "\0" not in name_or_path and path.is_dir():
            raise UserMistake(f"{quoted(name_or_path)} is a folder, not a {kind} file")
        if "\0" in name_or_path or not path.is_file():
            raise UserMistake(f"there is no {kind} file {quoted(name_or_path)}")
        return path
    known = names(search)
    if name_or_path in known:
        return known[name_or_path]
    guess = meant(name_or_path, known)
    there = f"\n  there are: {', '.join(known)}" if known else ""
    raise UserMistake(f"unknown {kind} {quoted(name_or_path)}{guess}{there}")


def names(search: Sequence[pathlib.Path]) -> dict[str, pathlib.Path]:
    """List the files by name, sorted; an earlier folder's file hides a later one's of that name."""
    found: dict[str, pathlib.Path] = {}
    for folder in reversed(search):
        if folder.is_dir():
            found.update({path.stem: path for path in sorted(folder.glob("*.yaml")) if path.is_file()})
    return dict(sorted(found.items()))


def read_file(path: pathlib.Path, shown: str | None = None) -> Document:
    """Read a YAML file; `shown` is its name in messages, by default its short path.

    Raises:
        InvalidFile: when it is not strict YAML in UTF-8.
        EnvironmentTrouble: when it cannot be read.
    """
    file = shown or _short(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 4)
    except OSError as error:
        raise EnvironmentTrouble(f"{file} cannot be read: {error.strerror or error}") from error
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(raw) > MAX_BYTES:
            return read_yaml(" " * len(raw), file)  # too large, whatever it holds
        before = raw[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        wrong = Mistake(codes.CHARACTER, "the file is not UTF-8 from here on", Place(file, line, column))
        raise InvalidFile([wrong], {file: raw.decode("utf-8", "replace")}) from error
    return read_yaml(text, file)


def _short(path: pathlib.Path) -> str:
    """Give a path as people write it: relative where it lies below the current folder."""
    try:
        return str(path.absolute().relative_to(pathlib.Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def digest(document: Document) -> str:
    """Give the SHA-256 of a file's text, in hex."""
    return hashlib.sha256(document.text.encode()).hexdigest()
