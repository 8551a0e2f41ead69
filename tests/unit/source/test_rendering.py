from __future__ import annotations

from msa_lab.source import InvalidFile, Mistake, Place


def test_a_mistake_shows_its_lines_a_caret_and_the_way_out() -> None:
    text = "a: 1\nb: 2\n  metric: saga.durations\nd: 4\ne: 5\n"
    mistake = Mistake(
        "MSA-L012",
        "unknown metric 'saga.durations'",
        Place("f.yaml", 3, 11, 14),
        "saga.duration",
        "list them",
    )
    assert (
        InvalidFile([mistake], {"f.yaml": text}).render()
        == """\
error: unknown metric 'saga.durations'                                [MSA-L012]
  f.yaml:3:11
   1 | a: 1
   2 | b: 2
   3 |   metric: saga.durations
     |           ^^^^^^^^^^^^^^ did you mean 'saga.duration'?
   4 | d: 4
  list them
  (1 error; nothing was started)"""
    )


def test_several_are_counted() -> None:
    mistakes = [Mistake("MSA-L001", f"wrong {number}", Place("f", number, 1)) for number in range(1, 53)]
    shown = InvalidFile(mistakes).render()
    assert "wrong 50 " in shown
    assert "wrong 51 " not in shown
    assert shown.endswith("\n\n  ... and 2 more\n  (52 errors; nothing was started)")


def test_without_the_text_the_suggestion_still_shows() -> None:
    shown = InvalidFile([Mistake("MSA-L012", "unknown x", Place("f", 9, 1), "y")]).render()
    assert shown.splitlines()[1:3] == ["  f:9:1", "  did you mean 'y'?"]


def test_the_caret_stands_under_wide_characters() -> None:
    shown = InvalidFile([Mistake("MSA-L001", "x", Place("f", 1, 4, 1))], {"f": "a: \u6771 b"}).render()
    assert shown.splitlines()[2:4] == ["   1 | a: \u6771 b", "     |    ^^"]


def test_long_lines_are_cut_around_the_place() -> None:
    shown = InvalidFile(
        [Mistake("MSA-L001", "x", Place("f", 1, 5001, 3))], {"f": "x" * 5000 + "yyy" + "z" * 5000}
    )
    lines = shown.render().splitlines()
    assert max(len(line) for line in lines) <= 80
    caret = lines[3].index("^")
    assert lines[2][caret : caret + 3] == "yyy"


def test_a_suggestion_that_does_not_fit_beside_the_caret_stands_below_it() -> None:
    text = f"name: {'x' * 40} colour"
    shown = InvalidFile([Mistake("MSA-L012", "unknown", Place("f", 1, 48, 6), "color")], {"f": text}).render()

    assert shown.splitlines()[2:5] == [
        f"   1 | {text}",
        f"     | {' ' * 47}^^^^^^",
        "     | did you mean 'color'?",
    ]


def test_nothing_in_a_file_can_move_the_cursor() -> None:
    shown = InvalidFile(
        [Mistake("MSA-L001", "x\x1b[2J", Place("f", 1, 1))], {"f": "a\x1b[31m\u202e\tb"}
    ).render()
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\t" not in shown


def test_a_long_hint_is_broken_to_the_width_of_a_terminal() -> None:
    hint = f"there are: {', '.join(['somebody'] * 20)}"
    lines = (
        InvalidFile([Mistake("MSA-L012", "unknown x", Place("f", 9, 1), None, hint)]).render().splitlines()
    )
    assert max(len(line) for line in lines) <= 80
    assert " ".join(line.strip() for line in lines[2:-1]) == hint
