"""A service serves what it offers, once, and waits by its ports."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from msa_lab.errors import UserMistake
from msa_lab.sdk import serve
from msa_lab.sdk.conduct import refuse_other_waiting, refuse_what_does_not_fit
from services.inventory import api, spec
from services.inventory.spec import SPEC


async def anew(_ctx: object, _request: object) -> api.StockReserved:
    raise NotImplementedError


def test_an_operation_that_is_served_twice_is_refused_with_both_handlers() -> None:
    twice = dataclasses.replace(SPEC, operations=(*SPEC.operations, serve(api.RESERVE, anew)))

    with pytest.raises(UserMistake, match=r"spec\.py: serves inventory\.reserve twice, by reserve \(.*anew"):
        refuse_what_does_not_fit(twice, spec, api)


def test_an_operation_that_is_offered_must_be_served() -> None:
    fewer = tuple(part for part in SPEC.operations if part.operation is not api.RELEASE)

    with pytest.raises(UserMistake, match=r"spec\.py: does not serve inventory\.release, which others may"):
        refuse_what_does_not_fit(dataclasses.replace(SPEC, operations=fewer), spec, api)


def test_what_is_shipped_fits() -> None:
    refuse_what_does_not_fit(SPEC, spec, api)


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("import asyncio", "1:1: asyncio"),
        ("import json, threading", "1:1: threading"),
        ("from asyncio import sleep", "1:1: asyncio"),
        ("from time import sleep", "1:1: time.sleep"),
        ("import time\nif True:\n    time.sleep(1)", "3:5: time.sleep"),
    ],
)
def test_who_waits_past_the_ports_is_told_where(code: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "handlers.py").write_text(code, encoding="utf-8")

    with pytest.raises(UserMistake, match=f"service cart: .*handlers.py:{place}"):
        refuse_other_waiting("cart", tmp_path)


def test_other_code_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "handlers.py").write_text("import time\nfrom . import asyncio\nnow = time.time\n")
    (tmp_path / "broken.py").write_text("def (")

    refuse_other_waiting("cart", tmp_path)
