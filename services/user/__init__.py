"""Accounts, passwords and tokens. Teaches: tokens, what a unique constraint is for, the cost of hashing."""
