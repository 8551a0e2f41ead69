import json
from collections.abc import Callable
from typing import Any

Msalab = Callable[..., Any]


def test_the_table_tells_each_value_with_its_interval(msalab: Msalab) -> None:
    ended = msalab("validate", "retry-layers-3", "retry-load-3")

    assert ended.code == 0
    assert ended.out == (
        "Queueing theory against the engine that plays the shop. Times are in mean service times.\n"
        "\n"
        "                           value     exact   95 % interval\n"
        "retry-load-3  all calls fail, 3 tries\n"
        "  tries a visit           3.0000    3.0000   3.0000 to 3.0000      ✓ HELD\n"
        "retry-layers-3  3 layers of 4 tries each, the last service fails\n"
        "  tries at the last      64.0000   64.0000   64.0000 to 64.0000    ✓ HELD\n"
        "\n"
        "PASSED: 2 of 2 values hold with seed 1, 0 unproven, 0 broken\n"
    )


def test_quiet_says_only_the_result(msalab: Msalab) -> None:
    ended = msalab("-q", "validate", "retry-load-3", "--seed", "9")

    assert ended.out == "\nPASSED: 1 of 1 values hold with seed 9, 0 unproven, 0 broken\n"


def test_json_is_one_object(msalab: Msalab) -> None:
    ended = msalab("validate", "retry-load-3", "--json", "--effort", "0.5")
    told = json.loads(ended.out)

    assert (told["schema"], told["seed"], told["effort"]) == ("msalab/validation@1", 1, 0.5)
    assert (told["verdict"], told["exit"], ended.code) == ("PASSED", 0, 0)
    assert [(result["case"], result["value"]) for result in told["results"]] == [("retry-load-3", 3.0)]


def test_too_little_effort_proves_nothing_and_is_no_pass(msalab: Msalab) -> None:
    ended = msalab("validate", "mm1-0.9", "--effort", "0.1")

    assert ended.code == 5
    assert "? UNPROVEN" in ended.out


def test_an_unknown_case_starts_nothing(msalab: Msalab) -> None:
    ended = msalab("validate", "outage-141")

    assert ended.code == 3
    assert "did you mean 'outage-140'?" in ended.err
