from dataclasses import dataclass

from msa_lab.sdk import Money, Table


@dataclass(frozen=True, slots=True)
class Product:
    """A product. `version` counts the changes a person made; ratings come and go without it."""

    sku: str
    title: str
    price: Money
    category: str
    weight_grams: int
    description: str
    images: tuple[str, ...]
    listed: bool = True
    version: int = 1
    rating: int = 0
    ratings: int = 0
    rating_version: int = 0


@dataclass(frozen=True, slots=True)
class Category:
    path: str
    parent: str


PRODUCTS: Table[Product] = Table("products", Product, key="sku", indexes=("category",))
CATEGORIES: Table[Category] = Table("categories", Category, key="path", indexes=("parent",))
