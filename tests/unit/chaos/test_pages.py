from pathlib import Path

import pytest

from msa_lab.chaos import cast, catalogue_page, find_kind, list_page, show_page
from msa_lab.errors import UserMistake
from msa_lab.sdk.discovery import discover

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "faults.md"
PLAYERS = {
    "caller": "order",
    "callee": "payment",
    "party": "psp",
    "operation": "payment.capture",
    "event": "order.placed",
    "topic": "order.events",
    "consumer": "inventory",
    "refusal": "card-refused",
}


def test_the_reference_page_says_what_the_catalogue_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue_page(cast(discover()))


def test_the_list_has_a_line_for_each_kind() -> None:
    lines = list_page().splitlines()

    assert len(lines) == 28
    assert "net.loss                   Messages get lost" in lines


def test_one_kind_is_shown_whole() -> None:
    assert show_page(find_kind("net.delay"), PLAYERS) == (
        "net.delay: Messages take longer\n"
        "\n"
        "  target     a link such as A -> B, a service, an instance such as NAME-1, an operation "
        "or * (all of the shop's services)\n"
        "  ends       after for, or when count is used up\n"
        "  also       probability=0..1, count=N, direction=both | request | reply\n"
        "\n"
        "  parameters\n"
        "    latency  duration or distribution; added to each leg: a duration or a distribution (required)\n"
        "    jitter   duration; more or less by up to this, evenly (0s unless given)\n"
        "\n"
        "  simulated  Request or reply, or both, arrive later.\n"
        "  real       The host holds the bytes back.\n"
        "\n"
        "  try it\n"
        '    --fault "net.delay order -> payment latency=200ms jitter=50ms at 2s for 8s"\n'
    )


def test_an_unknown_kind_gets_a_guess() -> None:
    with pytest.raises(UserMistake, match=r"unknown fault 'net.los'; did you mean 'net.loss'\?"):
        find_kind("net.los")
