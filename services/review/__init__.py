"""Ratings and reviews. Teaches: eligibility learnt from events, exact averages, moderation."""
