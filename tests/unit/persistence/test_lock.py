import yaml

from msa_lab.persistence import lock_text


def test_a_lock_reads_back_as_it_was() -> None:
    content = {
        "run": "9f3e01",
        "seed": 42,
        "empty": {},
        "none": None,
        "on": [True, 1.5, "2s", "yes"],
        "nested": {"sku": "SKU-1", "text": "a: 1\n\n  b: 'x'  \n", "odd": "no end\n\n", "tab": "a\tb\n"},
        "0755": "1:30",
        "list": [{"a": [1, 2]}, []],
    }

    assert yaml.safe_load(lock_text(content)) == {"schema": "msalab/lock@1", **content}


def test_a_file_of_several_lines_stays_readable() -> None:
    assert lock_text({"scenario": {"id": "x", "text": "id: x\n  # two\n"}}) == (
        'schema: msalab/lock@1\nscenario:\n  id: "x"\n  text: |2\n    id: x\n      # two\n'
    )
