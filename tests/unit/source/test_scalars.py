from __future__ import annotations

import pytest

from msa_lab.source.scalars import Trap, plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("+5", 5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("true", True),
        ("~", None),
        ("", None),
        ("250ms", "250ms"),
        ("4/s", "4/s"),
        ("1.2.3", "1.2.3"),
        ("SKU-1042", "SKU-1042"),
        (".", "."),
        ("-", "-"),
        ("e5", "e5"),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    found = plain(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("yes", 'write true, or "yes" if you mean the text'),
        ("Off", 'write false, or "Off" if you mean the text'),
        ("True", 'write true, or "True" if you mean the text'),
        ("NULL", 'write null, or "NULL" if you mean the text'),
        ("0755", 'drop the zero, or write "0755" if you mean the text'),
        ("007.5", 'drop the zero, or write "007.5" if you mean the text'),
        ("0x1F", 'write it in decimal, or write "0x1F" if you mean the text'),
        ("0o17", 'write it in decimal, or write "0o17" if you mean the text'),
        ("1_000", 'drop the underscores, or write "1_000" if you mean the text'),
        ("1:30", 'write a duration such as 90s, or write "1:30" if you mean the text'),
        ("2024-02-30", 'write "2024-02-30" if you mean the text'),
        (".inf", 'write ".inf" if you mean the text'),
        (".NaN", 'write ".NaN" if you mean the text'),
        ("1e999", "write a smaller one"),
        ("1" * 19, "18 digits do"),
        ("9" * 5000, "18 digits do"),
    ],
)
def test_scalars_that_readers_disagree_on_are_refused(text: str, hint: str) -> None:
    found = plain(text)
    assert isinstance(found, Trap)
    assert found.hint == hint
