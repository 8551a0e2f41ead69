"""Rows on disk behave as rows in memory do, whatever is done to them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from msa_lab.persistence.spill import Spill
from msa_lab.sdk.contract import Table
from msa_lab.sdk.failures import Conflict, Duplicate
from msa_lab.sdk.memory import MemoryDatabase, MemoryTransaction
from msa_lab.sdk.testing import run


@dataclass(frozen=True, slots=True)
class Parcel:
    id: str
    town: str | None
    label: int | None


PARCELS = Table("parcels", Parcel, indexes=("town",), unique=(("label",),))

KEYS = st.sampled_from([f"p{number}" for number in range(8)])
PARCEL = st.builds(
    Parcel, id=KEYS, town=st.sampled_from(["Ulm", "Bonn", None]), label=st.none() | st.integers(0, 5)
)
ACTS = st.one_of(
    st.tuples(st.just("insert"), PARCEL),
    st.tuples(st.just("put"), PARCEL),
    st.tuples(st.just("pair"), st.lists(PARCEL, min_size=2, max_size=2, unique_by=lambda parcel: parcel.id)),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("find"), st.sampled_from(["Ulm", "Bonn"])),
    st.tuples(st.just("get"), KEYS),
)


async def read(tx: MemoryTransaction, key: str) -> Parcel | None:
    """Read a row, so that the transaction knows its version."""
    return await tx.get(PARCELS, key)


def do(database: MemoryDatabase, act: tuple[str, Any]) -> object:
    """Do one thing in a transaction of its own and give what came of it."""
    kind, what = act
    tx = database.begin()
    if kind == "find":
        return run(tx.find(PARCELS, town=what))
    if kind == "pair":  # a unique value may go from one to the other
        for parcel in what:
            run(read(tx, parcel.id))
            tx.put(PARCELS, parcel)
        return committed(database, tx)
    seen = run(read(tx, what if isinstance(what, str) else what.id))
    if kind == "get":
        return seen
    if kind == "delete":
        tx.delete(PARCELS, what)
    elif kind == "insert":
        tx.insert(PARCELS, what)
    else:
        tx.put(PARCELS, what)
    return committed(database, tx)


def committed(database: MemoryDatabase, tx: MemoryTransaction) -> object:
    try:
        return [(change.key, change.before, change.after) for change in database.commit(tx)]
    except (Duplicate, Conflict) as refusal:
        return type(refusal)


@settings(deadline=None)
@given(st.lists(ACTS, max_size=60))
def test_a_table_that_spills_answers_as_one_in_memory(acts: list[tuple[str, Any]]) -> None:
    memory = MemoryDatabase([PARCELS])
    with closing(Spill(hot=2)) as spill:
        spilling = MemoryDatabase([PARCELS], rows=spill.rows)

        for act in acts:
            assert do(spilling, act) == do(memory, act)


@settings(deadline=None)
@given(st.lists(st.tuples(KEYS, st.integers() | st.none()), max_size=60))
def test_a_mapping_that_spills_answers_as_a_dict(acts: list[tuple[str, int | None]]) -> None:
    expected: dict[str, list[Any]] = {}
    with closing(Spill(hot=2)) as spill:
        spilling = spill.mapping()

        for key, value in acts:
            if value is None:
                assert spilling.pop(key, None) == expected.pop(key, None)
            else:
                expected[key] = [key, value, (1, "a")]
                spilling[key] = [key, value, (1, "a")]
            assert len(spilling) == len(expected)
            assert spilling.get(key) == expected.get(key)

        assert dict(spilling.items()) == expected
