"""The first page of help. It imports nothing: it must be there at once."""

from typing import Final

WELCOME: Final = """\
MSA Lab: a shop of twelve services that runs, breaks and heals before your eyes.

  msalab scenario checkout --chaos      play the checkout while payments fail
  msalab scenario checkout --chaos --topology no-idempotency
                                        the same less one pattern: it breaks
  msalab saga why ID                    why a purchase of the last run failed

Usage: msalab [OPTIONS] COMMAND [ARGS]...     msalab COMMAND --help says more

Play
  scenario NAME|FILE|-  play one; also: scenario list, show, lint,
                        record
  chaos                 the faults there are: list, show KIND; in a running
                        shop: inject FAULT, active, heal
  topology              how the shop can be built: list, show, lint, graph

Keep a shop running, as real processes
  up                    start it and leave it running
  down                  end it; its data stay
  status                who runs, where, with how much memory
  logs                  what the processes print
  dlq                   events given up: list, show, edit, replay, drop
  load                  many shoppers at once, by Locust
  restart               start a service or an instance anew
  reset                 delete the shop's data

Look at what happened (in the latest run, unless told)
  tui                   the live view of the running shop, else of a run
  replay                the live view from the start, or --at a moment
  serve                 the live view in a browser
  saga                  purchases and their steps: list, show ID, why ID
  events                the event log, filtered
  metrics               the figures
  runs                  all runs kept: list, show, rm, prune
  diff                  two runs: the first event that differs, fates, verdicts
  fork                  the same past, then other faults; compared

The rest
  schema                JSON Schemas of scenarios, topologies, runs and events
  doctor                check this machine
  validate              the simulated world against queueing theory
  calibrate             measure the real shop, write it as a topology
  parity NAME|FILE      a scenario in both worlds: verdicts and gaps
  completion            for bash, zsh and fish: install, show
  version               which version this is

Options
  -C DIR                work in this directory
  -q, --quiet           say only the result      -v, --verbose   say more
  --json                one JSON object on stdout, where a command has a result
  --no-color            no colours; NO_COLOR=1 does the same
  -h, --help            this page

Exit codes: 0 held, 1 an expectation failed, 2 wrong command line, 3 wrong file,
4 the machine refused, 5 inconclusive, 6 not healed, 70 a bug, 130 interrupted
"""
