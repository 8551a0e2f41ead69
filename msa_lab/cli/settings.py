"""The user's own settings: config.toml."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from msa_lab.errors import UserMistake


def config_file() -> Path:
    """Give where the settings are: $XDG_CONFIG_HOME/msalab/config.toml."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "msalab" / "config.toml"


def own_keys() -> dict[str, str]:
    """Give the keys of the live view that the user has chosen, by the names of what they do.

    Raises:
        UserMistake: when the file is none of ours.
    """
    path = config_file()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserMistake(f"{path}: {error}") from error
    unknown = [name for name in data if name != "keys"]
    if unknown:
        raise UserMistake(f"{path}: unknown table {unknown[0]!r}; there is [keys]")
    keys = data.get("keys", {})
    if not isinstance(keys, dict) or not all(isinstance(value, str) for value in keys.values()):
        raise UserMistake(f'{path}: [keys] has names with texts, such as  heal = "H"')
    return dict(keys)
