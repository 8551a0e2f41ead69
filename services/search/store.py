from dataclasses import dataclass, field

from msa_lab.sdk import Money, Table

_NO_PRICE = Money(0)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a product. Version 0: nothing but its ratings or sales has been heard of yet."""

    sku: str
    title: str = ""
    price: Money = field(default=_NO_PRICE)
    category: str = ""
    root: str = ""
    listed: bool = False
    version: int = 0
    rating: int = 0
    ratings: int = 0
    rating_version: int = 0
    sold: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """A word in a product's title; `id` is word and SKU, `letter` its first one."""

    id: str
    word: str
    letter: str
    sku: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A confirmed order that the counts do not hold yet; removed when they do."""

    id: str
    user_id: str
    lines: tuple[tuple[str, int], ...]
    state: str = "NEW"


@dataclass(frozen=True, slots=True)
class Pair:
    """How many orders held both products; kept in both directions."""

    id: str
    sku: str
    other: str
    orders: int = 0


@dataclass(frozen=True, slots=True)
class Taste:
    """What somebody bought last, newest first."""

    user_id: str
    skus: tuple[str, ...] = ()


ENTRIES: Table[Entry] = Table("entries", Entry, key="sku", indexes=("root", "listed"))
WORDS: Table[Word] = Table("words", Word, indexes=("letter", "sku"))
SALES: Table[Sale] = Table("sales", Sale, indexes=("state",))
PAIRS: Table[Pair] = Table("pairs", Pair, indexes=("sku",))
TASTES: Table[Taste] = Table("tastes", Taste, key="user_id")
