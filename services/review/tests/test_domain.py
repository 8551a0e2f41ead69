from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.review.domain import NO_STARS, Stars, average, counted, decided, judged, word_list

WORDS = ("scam", "idiot")


def test_ratings_are_counted_by_stars() -> None:
    assert counted(counted(NO_STARS, 5), 3) == (0, 0, 1, 0, 1)
    assert counted((0, 0, 1, 0, 1), 5, by=-1) == (0, 0, 1, 0, 0)


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_there_are_one_to_five_stars(rating: int) -> None:
    with pytest.raises(ValueError, match="one to five"):
        counted(NO_STARS, rating)


def test_what_was_never_counted_cannot_be_taken_away() -> None:
    with pytest.raises(ValueError, match="no rating of 4 stars"):
        counted((1, 1, 1, 0, 1), 4, by=-1)


@pytest.mark.parametrize(
    ("stars", "hundredths"),
    [
        (NO_STARS, 0),
        ((0, 0, 0, 0, 1), 500),
        ((0, 0, 0, 1, 1), 450),
        ((1, 0, 0, 0, 2), 367),
        ((2, 0, 0, 0, 1), 233),
        ((0, 0, 0, 3, 5), 463),
    ],
)
def test_the_average_is_in_hundredths_half_rounded_up(stars: Stars, hundredths: int) -> None:
    assert average(stars) == hundredths


@given(st.lists(st.integers(1, 5), min_size=1, max_size=300))
def test_the_average_is_that_of_the_ratings_one_by_one(ratings: list[int]) -> None:
    stars = NO_STARS
    for rating in ratings:
        stars = counted(stars, rating)
    assert sum(stars) == len(ratings)
    assert list(stars) == [Counter(ratings)[rating] for rating in range(1, 6)]
    exact = Fraction(100 * sum(ratings), len(ratings))
    assert -Fraction(1, 2) <= exact - average(stars) < Fraction(1, 2)


@pytest.mark.parametrize("text", ["Boils fast.", "", "OK", "A scampi dish", "5/5 GREAT KETTLE"])
def test_a_harmless_text_is_published_at_once(text: str) -> None:
    assert judged(text, WORDS) == "PUBLISHED"


@pytest.mark.parametrize(
    "text",
    [
        "What a SCAM!",
        "you idiot",
        "buy at http://x.example",
        "see www.example.org",
        "write to me@example.org",
        "THIS IS THE WORST KETTLE OF ALL",
    ],
)
def test_a_moderator_sees_listed_words_links_addresses_and_shouting_first(text: str) -> None:
    assert judged(text, WORDS) == "PENDING"


def test_the_word_list_is_the_settings_own() -> None:
    assert word_list(" scam, idiot ,,") == ("scam", "idiot")
    assert judged("scam", ()) == "PUBLISHED"


def test_a_decision_publishes_or_rejects() -> None:
    assert (decided("publish"), decided("reject")) == ("PUBLISHED", "REJECTED")
