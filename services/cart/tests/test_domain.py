from hypothesis import given
from hypothesis import strategies as st

from msa_lab.sdk.values import Money
from services.cart.domain import Line, Lines, added, merged, quantity_of, removed, subtotal, too_many


def line(sku: str, quantity: int = 1, price: int = 250) -> Line:
    return Line(sku, sku.title(), quantity, Money(price))


def test_the_same_product_added_twice_is_one_line_at_the_newest_price() -> None:
    lines = added(added((), line("KETTLE", 2, 250)), line("KETTLE", 3, 200))

    assert lines == (line("KETTLE", 5, 200),)


def test_a_new_product_goes_to_the_end() -> None:
    assert added((line("KETTLE"),), line("CUP")) == (line("KETTLE"), line("CUP"))


def test_a_line_stops_at_99_pieces() -> None:
    assert added((line("CUP", 98),), line("CUP", 5)) == (line("CUP", 99),)


def test_removing_some_pieces_keeps_the_rest() -> None:
    assert removed((line("CUP", 5), line("KETTLE")), "CUP", 2) == (line("CUP", 3), line("KETTLE"))


def test_removing_all_pieces_or_more_removes_the_line() -> None:
    lines = (line("CUP", 5), line("KETTLE"))

    assert removed(lines, "CUP") == (line("KETTLE"),)
    assert removed(lines, "CUP", 5) == (line("KETTLE"),)
    assert removed(lines, "CUP", 7) == (line("KETTLE"),)


def test_merging_keeps_both_carts_and_the_first_ones_prices() -> None:
    mine = (line("CUP", 2, 250), line("KETTLE", 1, 3000))
    guest = (line("KETTLE", 1, 2900), line("SPOON", 4, 100))

    assert merged(mine, guest) == (line("CUP", 2, 250), line("KETTLE", 2, 3000), line("SPOON", 4, 100))


def test_the_subtotal_counts_every_piece() -> None:
    assert subtotal((line("CUP", 2, 250), line("KETTLE", 1, 3000))) == Money(3500)


def test_an_empty_cart_is_worth_nothing() -> None:
    assert subtotal(()) == Money(0)


def test_fifty_different_things_fit_and_no_more() -> None:
    fifty = tuple(line(f"SKU-{n}") for n in range(50))

    assert not too_many(fifty)
    assert too_many((*fifty, line("ONE-MORE")))


@st.composite
def carts(draw: st.DrawFn) -> Lines:
    skus = draw(st.lists(st.sampled_from("ABCDEF"), unique=True))
    return tuple(line(sku, draw(st.integers(1, 99))) for sku in skus)


@given(mine=carts(), guest=carts())
def test_a_merge_loses_no_product_and_no_piece_below_the_cap(mine: Lines, guest: Lines) -> None:
    both = merged(mine, guest)

    assert len({each.sku for each in both}) == len(both)
    for sku in "ABCDEF":
        whole = quantity_of(mine, sku) + quantity_of(guest, sku)
        assert quantity_of(both, sku) == min(99, whole)
