"""Full-text search, in every world that has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from msa_lab.sdk import Context
from tests.contract.conftest import Ports

PIECES: Mapping[str, Mapping[str, str | int]] = {
    "cup": {"title": "Blue tea cup", "kind": "cup", "price": 500},
    "pot": {"title": "Blue blue tea pot", "kind": "pot", "price": 2_000},
    "jug": {"title": "Green jug", "kind": "jug", "price": 1_500},
}


QUERIES: Sequence[tuple[str, dict[str, Any], list[str]]] = [
    ("blue", {}, ["pot", "cup"]),
    ("BLUE", {}, ["pot", "cup"]),
    ("green cup", {}, ["cup", "jug"]),
    ("silver", {}, []),
    ("", {}, ["cup", "jug", "pot"]),
    ("", {"limit": 2}, ["cup", "jug"]),
    ("tea", {"where": {"kind": "pot"}}, ["pot"]),
    ("", {"between": {"price": (500, 1_500)}}, ["cup", "jug"]),
    ("tea", {"between": {"price": (501, 9_999)}}, ["pot"]),
    ("tea", {"where": {"kind": "pot"}, "between": {"price": (0, 1)}}, []),
]


async def arrange(ctx: Context) -> None:
    for doc_id, fields in PIECES.items():
        await ctx.search.index(doc_id, fields)


def found(ports: Ports, text: str, **options: Any) -> list[str]:  # noqa: ANN401 - options of the port
    async def work(ctx: Context) -> list[str]:
        return [hit.id for hit in await ctx.search.query(text, **options)]

    return ports.run(work)


@pytest.mark.parametrize(("text", "options", "ids"), QUERIES)
def test_it_finds_what_fits_best_first(
    ports: Ports, text: str, options: dict[str, Any], ids: list[str]
) -> None:
    ports.run(arrange)
    assert found(ports, text, **options) == ids


def test_the_score_says_how_well_it_fits(ports: Ports) -> None:
    async def work(ctx: Context) -> bool:
        best, next_best = await ctx.search.query("blue")
        return best.score > next_best.score

    ports.run(arrange)
    assert ports.run(work)


def test_a_document_indexed_again_replaces_the_old_one(ports: Ports) -> None:
    async def change(ctx: Context) -> None:
        await ctx.search.index("cup", {"title": "Red mug"})

    ports.run(arrange)
    ports.run(change)
    assert (found(ports, "cup"), found(ports, "red")) == ([], ["cup"])


def test_a_removed_document_is_not_found(ports: Ports) -> None:
    async def remove(ctx: Context) -> None:
        await ctx.search.remove("pot")
        await ctx.search.remove("never there")

    ports.run(arrange)
    ports.run(remove)
    assert found(ports, "tea") == ["cup"]
