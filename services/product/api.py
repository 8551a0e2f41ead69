from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from msa_lab.sdk import DomainError, Money, NotFound, Operation, event

Sku = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Category = Annotated[str, Field(min_length=1, max_length=60)]
Grams = Annotated[int, Field(ge=0, le=1_000_000)]
Availability = Literal["in stock", "low", "out of stock", "unknown"]


class NoSuchProduct(NotFound):
    """There is no such product."""


class NoSuchCategory(NotFound):
    """There is no such category."""


class SkuTaken(DomainError):
    """Another product has that SKU."""


class InvalidPrice(DomainError):
    """A price is positive and in the shop's currency."""

    status: ClassVar[int] = 422


class InvalidCategory(DomainError):
    """A category is written like kitchen/tea-kettles, at most four levels deep."""

    status: ClassVar[int] = 422


class VersionMismatch(DomainError):
    """Somebody changed the product since you read it."""

    status: ClassVar[int] = 412


@dataclass(frozen=True, slots=True)
class CreateProduct:
    sku: Sku
    title: Title
    price: Money
    category: Category
    weight_grams: Grams = 500
    description: Annotated[str, Field(max_length=4000)] = ""
    images: Annotated[tuple[str, ...], Field(max_length=10)] = ()


@dataclass(frozen=True, slots=True)
class UpdateProduct:
    """What is None stays as it is. With `version` the change is refused when the product has another one."""

    sku: Sku
    version: int | None = None
    title: Title | None = None
    price: Money | None = None
    category: Category | None = None
    weight_grams: Grams | None = None
    description: Annotated[str, Field(max_length=4000)] | None = None
    images: Annotated[tuple[str, ...], Field(max_length=10)] | None = None
    listed: bool | None = None


@dataclass(frozen=True, slots=True)
class GetProduct:
    sku: Sku


@dataclass(frozen=True, slots=True)
class ProductView:
    """`rating` is the average in hundredths of a star, 0 while nobody has rated; `listed` = may be sold."""

    sku: str
    title: str
    price: Money
    category: str
    weight_grams: int
    description: str
    images: tuple[str, ...]
    listed: bool
    version: int
    rating: int = 0
    ratings: int = 0


@dataclass(frozen=True, slots=True)
class ListProducts:
    """Products of a category and of those below it, ordered by SKU; `after` is the last SKU already seen."""

    category: Category
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@dataclass(frozen=True, slots=True)
class ProductList:
    items: tuple[ProductView, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class ListCategories:
    pass


@dataclass(frozen=True, slots=True)
class CategoryView:
    """`path` is the whole path: `kitchen/kettles` lies below `kitchen`."""

    path: str
    products: int


@dataclass(frozen=True, slots=True)
class CategoryList:
    items: tuple[CategoryView, ...]


@dataclass(frozen=True, slots=True)
class ShowPage:
    sku: Sku


@dataclass(frozen=True, slots=True)
class ProductPage:
    product: ProductView
    availability: Availability


@event("product.listed", key="sku")
@dataclass(frozen=True, slots=True)
class ProductListed:
    sku: str
    title: str
    description: str
    price: Money
    category: str
    version: int


@event("product.changed", key="sku")
@dataclass(frozen=True, slots=True)
class ProductChanged:
    sku: str
    title: str
    description: str
    price: Money
    category: str
    listed: bool
    version: int


CREATE = Operation(
    "product.create", "POST", "/products", CreateProduct, ProductView,
    errors=(SkuTaken, InvalidPrice, InvalidCategory), access="admin", keyed=True,
    summary="List a new product.",
)  # fmt: skip
UPDATE = Operation(
    "product.update", "PATCH", "/products/{sku}", UpdateProduct, ProductView,
    errors=(NoSuchProduct, InvalidPrice, InvalidCategory, VersionMismatch), access="admin", keyed=True,
    summary="Change a product, or take it off the list.",
)  # fmt: skip
GET = Operation(
    "product.get", "GET", "/products/{sku}", GetProduct, ProductView,
    errors=(NoSuchProduct,), access="public", summary="Show one product.",
)  # fmt: skip
LIST = Operation(
    "product.list", "GET", "/products", ListProducts, ProductList,
    errors=(NoSuchCategory,), access="public", summary="List the products of a category.",
)  # fmt: skip
CATEGORIES = Operation(
    "product.categories", "GET", "/categories", ListCategories, CategoryList,
    access="public", summary="List the categories.",
)  # fmt: skip
PAGE = Operation(
    "product.page", "GET", "/products/{sku}/page", ShowPage, ProductPage,
    errors=(NoSuchProduct,), access="public", summary="Show a product with its availability and rating.",
)  # fmt: skip
