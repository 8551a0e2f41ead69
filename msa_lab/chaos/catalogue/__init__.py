"""All kinds of faults. A new one is a class and a `FaultKind` in the module of its domain."""

from msa_lab.chaos.catalogue.table import CATALOGUE

__all__ = ["CATALOGUE"]
