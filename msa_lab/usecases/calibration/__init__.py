"""Measures a running shop and writes what it costs as a topology's timing."""
