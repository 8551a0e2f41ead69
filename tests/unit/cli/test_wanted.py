import shlex
from pathlib import Path

import pytest

from msa_lab.bootstrap import Plan, Wishes, Workspace, plan_for, scenario_for
from msa_lab.cli.wanted import Wanted, pairs_of, seed_of, wanted_of


def planned(**wishes: object) -> Plan:
    workspace = Workspace(Path.cwd())
    specs = workspace.specs()
    return plan_for(workspace, specs, scenario_for(workspace, specs, "checkout", {}), Wishes(**wishes))  # type: ignore[arg-type] # as given


def test_the_default_profile_is_asked_for_by_chaos_alone() -> None:
    wanted = Wanted("checkout", chaos=True)

    assert wanted.again(planned(chaos=True, seed=9)) == "msalab scenario checkout --chaos --seed 9"


def test_without_chaos_nothing_is_said_of_it() -> None:
    assert Wanted("checkout", chaos=False).again(planned(chaos=False)) == "msalab scenario checkout --seed 42"


def test_another_profile_is_named() -> None:
    plan = planned(profile="broker-loss")

    assert Wanted("checkout", profile="broker-loss").again(plan) == (
        "msalab scenario checkout --chaos-profile broker-loss --seed 42"
    )


def test_all_that_changes_a_run_is_repeated_word_for_word() -> None:
    wanted = Wanted(
        "my file's.yaml",
        faults=("net.loss order -> payment for 5s", "db.slow * latency=$HOME for 1s"),
        topology="no-retry",
        settings=("services.payment.replicas=3",),
        variables=("sku=SKU 1;rm -rf",),
        log="key",
    )

    assert shlex.split(wanted.again(planned())) == [
        "msalab", "scenario", "my file's.yaml",
        "--fault", "net.loss order -> payment for 5s", "--fault", "db.slow * latency=$HOME for 1s",
        "--topology", "no-retry", "--set", "services.payment.replicas=3", "--var", "sku=SKU 1;rm -rf",
        "--log", "key", "--seed", "42",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "seed"), [(None, None), ("0", 0), ("42", 42), ("9" * 18, 10**18 - 1)])
def test_seeds_are_whole_numbers(text: str | None, seed: int | None) -> None:
    assert seed_of(text) == seed


def test_random_seeds_differ() -> None:
    assert len({seed_of("random") for _ in range(4)}) > 1


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "9" * 19, "²", "0x1"])
def test_other_seeds_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a whole number of at most 18 digits, or random"):
        seed_of(text)


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert pairs_of(["a=1", "b = x=y"], "--var") == {"a": "1", "b": " x=y"}
    with pytest.raises(ValueError, match="--var 'a': write NAME=VALUE"):
        pairs_of(["a"], "--var")


def test_the_line_is_read_back_into_what_was_wanted() -> None:
    wanted = Wanted(
        "-my file's.yaml",
        profile="broker-loss",
        faults=("net.loss order -> payment for 5s", "db.slow * latency=$HOME for 1s"),
        without=("doubled",),
        topology="no-retry",
        seed=42,
        settings=("services.payment.replicas=3",),
        variables=("sku=SKU 1;rm -rf",),
        log="key",
        mode="process",
    )

    assert wanted_of(wanted.again(planned(profile="broker-loss"))) == wanted
    assert wanted_of("msalab scenario checkout --chaos --seed 42") == Wanted("checkout", chaos=True, seed=42)


@pytest.mark.parametrize("line", ["", "msalab", "msalab saga list", "msalab scenario checkout --surprise 1"])
def test_a_line_that_plays_no_scenario_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"plays no scenario|unknown option --surprise"):
        wanted_of(line)
