"""The catalogue. Teaches: versions against lost updates, a page that degrades instead of failing."""
