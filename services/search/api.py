from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from msa_lab.sdk import Money, Operation

Limit = Annotated[int, Field(ge=1, le=50)]
Text = Annotated[str, Field(max_length=200)]


@dataclass(frozen=True, slots=True)
class SearchProducts:
    """Finds products with any of the words; an empty text matches all.

    Prices are in minor units, `rating` in hundredths of a star.
    """

    text: Text = ""
    category: Annotated[str, Field(max_length=60)] = ""
    price_from: Annotated[int, Field(ge=0)] | None = None
    price_to: Annotated[int, Field(ge=0)] | None = None
    rating_from: Annotated[int, Field(ge=0, le=500)] | None = None
    sort: Literal["relevance", "price", "rating", "popularity"] = "relevance"
    limit: Limit = 10


@dataclass(frozen=True, slots=True)
class Item:
    """`sold` counts pieces in confirmed orders."""

    sku: str
    title: str
    price: Money
    category: str
    rating: int
    sold: int


@dataclass(frozen=True, slots=True)
class Results:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Suggest:
    """Completes the last word typed."""

    prefix: Annotated[str, Field(min_length=1, max_length=60)]
    limit: Limit = 5


@dataclass(frozen=True, slots=True)
class Suggestions:
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recommend:
    """Asks what goes with a product, or what suits the caller, or what sells well in a category or at all."""

    sku: Annotated[str, Field(max_length=40)] = ""
    category: Annotated[str, Field(max_length=60)] = ""
    limit: Limit = 5


@dataclass(frozen=True, slots=True)
class Recommended:
    item: Item
    why: Literal["bought together", "for you", "popular in category", "popular"]


@dataclass(frozen=True, slots=True)
class Recommendations:
    items: tuple[Recommended, ...]


QUERY = Operation(
    "search.query", "GET", "/search", SearchProducts, Results,
    access="public", summary="Find products by words, category, price and rating.",
)  # fmt: skip
SUGGEST = Operation(
    "search.suggest", "GET", "/search/suggestions", Suggest, Suggestions,
    access="public", summary="Complete what is being typed.",
)  # fmt: skip
RECOMMEND = Operation(
    "search.recommend", "GET", "/search/recommendations", Recommend, Recommendations,
    access="public", summary="Recommend what others bought.",
)  # fmt: skip
