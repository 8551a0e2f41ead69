"""Shipments and their cost. Teaches a two-phase record around an outside party's side effect."""
