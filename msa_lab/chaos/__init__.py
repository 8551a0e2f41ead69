"""Faults: data, catalogue, matching, timeline, verdicts. The hosts honour them."""

from msa_lab.chaos.active import ActiveFault
from msa_lab.chaos.catalogue import CATALOGUE
from msa_lab.chaos.commandline import parse_fault_text, write_fault
from msa_lab.chaos.envelope import parse_fault, parse_faults
from msa_lab.chaos.faultset import FaultSet
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.matching import Hop, hop_of
from msa_lab.chaos.model import After, At, FaultSpec, Target
from msa_lab.chaos.naming import Names, cast, names_of
from msa_lab.chaos.pages import catalogue_page, find_kind, list_page, show_page
from msa_lab.chaos.schema import fault_schema
from msa_lab.chaos.timeline import Timeline, Transition
from msa_lab.chaos.verdicts import PASS, Verdict

__all__ = [
    "CATALOGUE",
    "PASS",
    "ActiveFault",
    "After",
    "At",
    "FaultKind",
    "FaultSet",
    "FaultSpec",
    "Hop",
    "Names",
    "Target",
    "Timeline",
    "Transition",
    "Verdict",
    "cast",
    "catalogue_page",
    "fault_schema",
    "find_kind",
    "hop_of",
    "list_page",
    "names_of",
    "parse_fault",
    "parse_fault_text",
    "parse_faults",
    "show_page",
    "write_fault",
]
