from __future__ import annotations

import json

from msa_lab.topology import topology_schema
from msa_lab.topology.fileform import TopologyForm


def test_the_schema_knows_every_key_and_no_other() -> None:
    schema = topology_schema()
    names = ["schema" if name == "schema_" else name for name in TopologyForm.model_fields]
    assert list(schema["properties"]) == names
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["schema", "id", "title"]
    assert schema["properties"]["schema"]["const"] == "msalab/topology@1"


def test_the_schema_lists_the_values_of_the_patterns() -> None:
    patterns = topology_schema()["properties"]["patterns"]
    assert patterns["properties"]["stock"]["enum"] == ["reserve", "check-then-act"]
    assert patterns["properties"]["retry"]["enum"] == ["on", "off", True, False]
    assert patterns["additionalProperties"] is False


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(topology_schema())) == topology_schema()
