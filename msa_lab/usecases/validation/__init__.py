"""Checks the simulated world against queueing theory, with synthetic services on the engine of the shop."""
