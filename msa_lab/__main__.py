"""The program `msalab`. What needs no library is answered before any is loaded."""

from __future__ import annotations

import sys

from msa_lab.cli.welcome import WELCOME

_ASKS = ("--help", "-h", "help")


def main() -> None:
    """Run the command line; the process ends with one of the documented exit codes."""
    arguments = sys.argv[1:]
    if not arguments or (len(arguments) == 1 and arguments[0] in _ASKS):
        sys.stdout.write(WELCOME)
        return
    from msa_lab.cli.program import run  # noqa: PLC0415 - the help above must be there at once

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
