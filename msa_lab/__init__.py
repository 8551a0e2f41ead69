"""MSA Lab: a shop of twelve services that runs, breaks and heals before your eyes."""

__all__ = ["__version__"]

__version__ = "0.1.0"
