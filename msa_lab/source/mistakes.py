"""One mistake in a file, and the codes of all kinds of mistakes."""

from __future__ import annotations

from dataclasses import dataclass

from msa_lab.source.places import Place

SYNTAX = "MSA-L001"
DUPLICATE_KEY = "MSA-L002"
AMBIGUOUS = "MSA-L003"
REFERENCE = "MSA-L004"
TOO_DEEP = "MSA-L005"
TOO_LARGE = "MSA-L006"
CHARACTER = "MSA-L007"
DOCUMENTS = "MSA-L008"
UNKNOWN_KEY = "MSA-L010"
MISSING_KEY = "MSA-L011"
UNKNOWN_NAME = "MSA-L012"
WRONG_TYPE = "MSA-L013"
BAD_VALUE = "MSA-L014"
MISSING_UNIT = "MSA-L015"
UNSUPPORTED = "MSA-L016"
CONTRADICTION = "MSA-L017"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing written wrong. `suggestion` is the word probably meant, `hint` the way out."""

    code: str
    message: str
    place: Place
    suggestion: str | None = None
    hint: str | None = None
