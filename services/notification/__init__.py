"""Messages to people. Teaches: sending at most once per fact from events delivered at least once."""
