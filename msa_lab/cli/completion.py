"""Completion for shells: scripts that start no Python, with names from a file written now and then."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from msa_lab.cli.places import cache_folder, here
from msa_lab.errors import EnvironmentTrouble

FILE: Final = "names"

_COMMON: Final = ("--help",)
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "scenario": ("run", "list", "show", "lint", "record"),
    "saga": ("list", "show", "why"),
    "events": (),
    "metrics": (),
    "up": (),
    "down": (),
    "status": (),
    "logs": (),
    "restart": (),
    "reset": (),
    "load": (),
    "runs": ("list", "show", "rm", "prune"),
    "tui": (),
    "replay": (),
    "serve": (),
    "topology": ("list", "show", "lint", "graph"),
    "chaos": ("list", "show", "inject", "active", "heal"),
    "dlq": ("list", "show", "edit", "replay", "drop"),
    "schema": (),
    "doctor": (),
    "validate": (),
    "diff": (),
    "fork": (),
    "parity": (),
    "calibrate": (),
    "version": (),
    "completion": ("show", "install"),
}
"""The commands and what stands under each."""

OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("-C", "--quiet", "--verbose", "--json", "--no-color"),
    "scenario": (
        "--chaos", "--no-chaos", "--chaos-profile", "--fault", "--without", "--topology", "--seed", "--set",
        "--var", "--dry-run", "--file", "--json", "--jsonl", "--log", "--out", "--mode", "--ui",
        "--quiet", "--verbose",
    ),
    "saga": ("--run", "--where", "--as", "--json"),
    "events": ("--filter", "--follow", "--jsonl", "--otlp"),
    "metrics": ("--csv", "--json"),
    "up": (
        "--name", "--topology", "--set", "--given", "--host", "--port", "--log", "--foreground", "--json",
    ),
    "down": ("--name", "--all"),
    "status": ("--name", "--json"),
    "logs": ("--name", "--follow", "--since"),
    "restart": ("--name",),
    "reset": ("--name", "--yes", "--force"),
    "load": ("--name", "--users", "--spawn-rate", "--for", "--flow", "--workers", "--web", "--json"),
    "runs": ("--out", "--keep", "--json"),
    "tui": ("--ascii", "--mouse", "--no-mouse", "--out"),
    "replay": ("--at", "--ascii", "--mouse", "--no-mouse", "--out"),
    "serve": ("--host", "--port", "--write", "--out"),
    "topology": ("--as", "--set", "--json"),
    "chaos": ("--name", "--all", "--json"),
    "dlq": ("--group", "--name", "--json", "--data", "--set", "--all"),
    "schema": ("--scenario",),
    "doctor": ("--out", "--json"),
    "validate": ("--seed", "--effort", "--json"),
    "calibrate": ("--topology", "--set", "--out", "--seconds", "--json", "--quiet"),
    "diff": ("--out", "--json"),
    "fork": ("--at", "--fault", "--set", "--out", "--json"),
    "parity": (
        "--chaos", "--no-chaos", "--chaos-profile", "--fault", "--topology", "--seeds", "--set", "--var",
        "--json", "--quiet", "--verbose",
    ),
    "version": ("--json",),
    "completion": (),
}  # fmt: skip
"""The options of each command and of those under it; '' are the global ones."""

NAMES: Final[Mapping[str, str]] = {
    "scenario": "scenario", "saga": "saga", "events": "run", "metrics": "run", "tui": "run",
    "replay": "run", "serve": "run", "runs": "run", "diff": "run", "fork": "run",
    "parity": "scenario", "calibrate": "scenario",
    "topology": "topology", "chaos": "fault", "--topology": "topology", "--run": "run", "--fault": "fault",
    "--scenario": "scenario", "--chaos-profile": "profile",
}  # fmt: skip
"""Which names of the file complete a command's arguments, or an option's value."""

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "--log": ("all", "normal", "key"),
    "--mode": ("sim", "process"),
    "--ui": ("auto", "plain"),
    "--seed": ("random",),
    "--as": ("seq", "time", "state", "json", "mermaid", "ascii", "dot"),
    "schema": ("scenario", "topology", "run", "event", "metrics"),
    "validate": ("queues", "balancing", "tails", "retries", "metastable"),
    "completion": ("bash", "zsh", "fish"),
}
"""Fixed words that complete a command's arguments, or an option's value."""


def remember(runs: Path, *, sagas: Iterable[str] = (), profiles: Iterable[str] = ()) -> None:
    """Keep the names for completion; a machine that refuses is left alone.

    Without `sagas` and `profiles`, those of the last run stay.
    """
    from msa_lab import bootstrap  # noqa: PLC0415 - the scripts need none of it
    from msa_lab.chaos import CATALOGUE  # noqa: PLC0415 - as above
    from msa_lab.persistence import RunStore  # noqa: PLC0415 - as above
    from msa_lab.scenario.loading import list_scenarios  # noqa: PLC0415 - as above
    from msa_lab.topology import list_topologies  # noqa: PLC0415 - as above

    with contextlib.suppress(OSError, RuntimeError):  # the latter: nobody knows a home folder
        path = cache_folder() / FILE
        workspace = bootstrap.Workspace(here())
        groups: dict[str, Iterable[str]] = {
            "scenario": list_scenarios(workspace.search("scenarios")),
            "topology": list_topologies(workspace.search("topologies")),
            "fault": CATALOGUE,
            "run": RunStore(runs).ids()[:50],
            "saga": tuple(sagas) or _kept(path, "saga"),
            "profile": tuple(profiles) or _kept(path, "profile"),
        }
        lines = [f"{kind} {name}" for kind, names in groups.items() for name in names if name.isprintable()]
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{FILE}.{os.getpid()}")
        beside.write_text("\n".join([*lines, ""]), encoding="utf-8")
        beside.replace(path)


def _kept(path: Path, kind: str) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(line.removeprefix(f"{kind} ") for line in lines if line.startswith(f"{kind} "))


def script(shell: str) -> str:
    """Give the script of a shell: bash, zsh or fish."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def _cases(indent: str) -> str:
    """Give the branches that bash and zsh share; they set `words_` and `kind_`."""
    lines: list[str] = []
    for option in sorted({*(name for name in (*NAMES, *WORDS) if name.startswith("-"))}):
        short = {"--topology": "|-t", "--run": "|-r"}.get(option, "")
        kind = NAMES.get(option, "")
        words = " ".join(WORDS.get(option, ()))
        lines.append(f'{indent}{option}{short}) words_="{words}"; kind_="{kind}"; return ;;')
    return "\n".join(lines)


def _commands(indent: str) -> str:
    lines: list[str] = []
    for command, inner in COMMANDS.items():
        options = " ".join((*OPTIONS[command], *_COMMON))
        words = " ".join((*inner, *WORDS.get(command, ())))
        kind = NAMES.get(command, "")
        lines.append(f'{indent}{command}) words_="{words}"; kind_="{kind}"; options_="{options}" ;;')
    return "\n".join(lines)


def _choose() -> str:
    top = " ".join(COMMANDS)
    return f"""\
_msalab_choose() {{
  # $1: the word before, $2: the command ('' when none is typed yet)
  words_= kind_= options_=
  case "$1" in
{_cases("    ")}
  esac
  case "$2" in
    "") words_="{top}"; options_="{" ".join((*OPTIONS[""], *_COMMON))}" ;;
{_commands("    ")}
  esac
}}
_msalab_names() {{
  # the names of one kind, from the file that msalab keeps
  local kind name
  while read -r kind name; do
    [ "$kind" = "$1" ] && printf '%s\\n' "$name"
  done 2>/dev/null < "${{XDG_CACHE_HOME:-$HOME/.cache}}/msalab/{FILE}"
}}
"""


def _bash() -> str:
    return f"""\
# bash completion for msalab; it starts no program.
{_choose()}_msalab() {{
  local words_ kind_ options_ command= i
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
  for ((i = 1; i < COMP_CWORD; i++)); do
    [ "${{COMP_WORDS[i]}}" = -C ] && {{ ((i++)); continue; }}
    case "${{COMP_WORDS[i]}}" in -*) ;; *) command=${{COMP_WORDS[i]}}; break ;; esac
  done
  _msalab_choose "$prev" "$command"
  local all=$words_
  case "$cur" in -*) all=$options_ ;; *) [ -n "$kind_" ] && all="$all $(_msalab_names "$kind_")" ;; esac
  COMPREPLY=($(compgen -W "$all" -- "$cur"))
}}
complete -o default -F _msalab msalab
"""


def _zsh() -> str:
    return f"""\
#compdef msalab
# zsh completion for msalab; it starts no program.
{_choose()}_msalab() {{
  local words_ kind_ options_ command= word
  local -a all
  for word in ${{words[2,CURRENT-1]}}; do
    case "$word" in -*) ;; *) command=$word; break ;; esac
  done
  _msalab_choose "${{words[CURRENT-1]}}" "$command"
  if [[ ${{words[CURRENT]}} == -* ]]; then
    all=(${{=options_}})
  else
    all=(${{=words_}})
    [[ -n $kind_ ]] && all+=(${{(f)"$(_msalab_names $kind_)"}})
  fi
  compadd -a all
  [[ -z $words_$kind_ ]] && _files
}}
if [[ $funcstack[1] == _msalab ]]; then _msalab "$@"; else compdef _msalab msalab; fi
"""


def _fish() -> str:
    lines = [
        "# fish completion for msalab; it starts no program.",
        "function __msalab_names",
        "    set -q XDG_CACHE_HOME; and set -l base $XDG_CACHE_HOME; or set -l base $HOME/.cache",
        f'    string replace -rf "^$argv[1] " "" < $base/msalab/{FILE} 2>/dev/null',
        "end",
        "complete -c msalab -f",
        f"complete -c msalab -n __fish_use_subcommand -a {shlex.quote(' '.join(COMMANDS))}",
    ]
    for command, inner in COMMANDS.items():
        seen = shlex.quote(f"__fish_seen_subcommand_from {command}")
        words = " ".join((*inner, *WORDS.get(command, ())))
        if words:
            lines.append(f"complete -c msalab -n {seen} -a {shlex.quote(words)}")
        if command in NAMES:
            lines.append(f"complete -c msalab -n {seen} -a '(__msalab_names {NAMES[command]})'")
        lines += [
            f"complete -c msalab -n {seen} -l {option.removeprefix('--')}{_value(option)}"
            for option in OPTIONS[command]
        ]
    return "\n".join([*lines, ""])


def _value(option: str) -> str:
    if option in NAMES:
        return f" -x -a '(__msalab_names {NAMES[option]})'"
    return f" -x -a {shlex.quote(' '.join(WORDS[option]))}" if option in WORDS else ""


def install_script(shell: str) -> str:
    """Write the script where the shell finds it; say where, and what else to do.

    Raises:
        EnvironmentTrouble: when it cannot be written.
    """
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    path, then = {
        "bash": (data / "bash-completion" / "completions" / "msalab", "open a new shell"),
        "zsh": (
            data / "zsh" / "site-functions" / "_msalab",
            f"add to ~/.zshrc before compinit:  fpath+=({data / 'zsh' / 'site-functions'})",
        ),
        "fish": (config / "fish" / "completions" / "msalab.fish", "open a new shell"),
    }[shell]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script(shell), encoding="utf-8")
    except OSError as error:
        raise EnvironmentTrouble(f"{path} cannot be written: {error.strerror or error}") from error
    remember(Path(os.environ.get("MSALAB_RUNS") or "runs"))
    return f"wrote {path}\n  then {then}\n"
