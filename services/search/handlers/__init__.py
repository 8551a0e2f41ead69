from services.search.handlers.finding import CACHE_FOR, query, suggest
from services.search.handlers.following import (
    POPULARITY_EVERY,
    fold_sales,
    follow_change,
    follow_listing,
    follow_rating,
    note_sale,
)
from services.search.handlers.recommending import recommend

__all__ = [
    "CACHE_FOR",
    "POPULARITY_EVERY",
    "fold_sales",
    "follow_change",
    "follow_listing",
    "follow_rating",
    "note_sale",
    "query",
    "recommend",
    "suggest",
]
