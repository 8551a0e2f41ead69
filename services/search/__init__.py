"""Finding and recommending. Teaches: a read model built from events alone, and its lag (CQRS)."""
