"""Strict YAML whose every mistake has its place."""

from msa_lab.source.document import Document
from msa_lab.source.files import digest, find, names, read_file
from msa_lab.source.filling import Strict, fill, fill_at, salvage
from msa_lab.source.invalid import InvalidFile, Mistakes
from msa_lab.source.mistakes import Mistake
from msa_lab.source.places import Path, Place
from msa_lab.source.quantities import (
    DistributionText,
    DurationText,
    MissingUnit,
    MoneyText,
    format_duration,
    parse_distribution,
    parse_duration,
    parse_money,
)
from msa_lab.source.reader import read_yaml
from msa_lab.source.suggesting import did_you_mean, listed, meant, quoted

__all__ = [
    "DistributionText",
    "Document",
    "DurationText",
    "InvalidFile",
    "MissingUnit",
    "Mistake",
    "Mistakes",
    "MoneyText",
    "Path",
    "Place",
    "Strict",
    "did_you_mean",
    "digest",
    "fill",
    "fill_at",
    "find",
    "format_duration",
    "listed",
    "meant",
    "names",
    "parse_distribution",
    "parse_duration",
    "parse_money",
    "quoted",
    "read_file",
    "read_yaml",
    "salvage",
]
