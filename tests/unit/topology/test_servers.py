from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from msa_lab.bootstrap import Workspace, topology_for
from msa_lab.errors import UserMistake
from msa_lab.sdk import ServiceSpec
from msa_lab.source import InvalidFile
from msa_lab.topology import Servers, Topology, with_settings
from msa_lab.topology.servers import check_url, password, shown

Load = Callable[[str], Topology]
HEAD = "schema: msalab/topology@1\nid: small\ntitle: A small shop\n"


def test_unless_told_otherwise_the_shop_starts_its_own_servers(load: Load) -> None:
    assert load("").servers == Servers(broker="", cache="", database="")


def test_servers_are_named_in_the_file_and_by_settings(load: Load) -> None:
    topology = load("servers: {broker: 'amqp://rabbit:5672/shop', cache: 'redis://box:6379/2'}\n")
    changed = with_settings(topology, ["servers.broker=", "servers.database=postgresql://box/shop"])

    assert topology.servers == Servers("amqp://rabbit:5672/shop", "redis://box:6379/2")
    assert changed.servers == Servers("", "redis://box:6379/2", "postgresql://box/shop")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://box", "'servers.cache': a cache is reached by redis or rediss, not by 'http'"),
        ("redi://box", "a cache is reached by redis or rediss, not by 'redi'; did you mean 'redis'?"),
        ("box:6379", "'servers.cache': not a URL such as redis://HOST:PORT"),
        ("redis://", "'servers.cache': not a URL such as redis://HOST:PORT: it names no host"),
        ("redis://box:99999", "'servers.cache': not a URL such as redis://HOST:PORT"),
        ("redis://[box", "'servers.cache': not a URL such as redis://HOST:PORT"),
    ],
)
def test_what_cannot_be_a_server_is_refused_with_the_reason(load: Load, url: str, says: str) -> None:
    with pytest.raises(InvalidFile) as invalid:
        load(f"servers: {{cache: '{url}'}}\n")

    assert says in str(invalid.value)


def test_a_password_in_a_file_is_refused_and_not_shown(load: Load) -> None:
    with pytest.raises(InvalidFile) as invalid:
        load("servers:\n  cache: redis://me:hunter2@box:6379/0\n")

    said = invalid.value.render()
    assert "a password in 'servers.cache' would be kept with every run" in said
    assert "MSALAB_CACHE_URL=URL" in said
    assert "cache: redis://me:*******@box:6379/0" in said
    assert "hunter2" not in said + str(invalid.value)


def test_a_password_in_a_setting_is_refused_and_not_shown(load: Load) -> None:
    with pytest.raises(InvalidFile) as invalid:
        with_settings(load(""), ["servers.cache=redis://:hunter2@box"])

    said = invalid.value.render()
    assert "a password in 'servers.cache'" in said
    assert "hunter2" not in said + str(invalid.value)


def test_passwords_are_found_as_written_and_never_shown() -> None:
    url = "amqps://me:a%40b@rabbit:5671/shop?heartbeat=1"

    assert (password(url), shown(url)) == ("a%40b", "amqps://rabbit:5671/shop")
    assert (password("redis://box"), shown("redis://me@box:1/2")) == ("", "redis://box:1/2")
    assert "a%40b" not in repr(Servers(broker=url))


def test_a_wrong_url_is_told_without_the_url() -> None:
    with pytest.raises(ValueError, match="reached by") as mistake:
        check_url("broker", "ftp://me:hunter2@box")

    assert "hunter2" not in str(mistake.value)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "topologies").mkdir()
    text = f"{HEAD}servers: {{broker: 'redis://file', cache: 'redis://file'}}\n"
    (tmp_path / "topologies" / "small.yaml").write_text(text)
    return Workspace(tmp_path)


def test_the_environment_counts_over_the_file_and_under_a_setting(
    workspace: Workspace, specs: tuple[ServiceSpec, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = topology_for(workspace, specs, "small")
    monkeypatch.setenv("MSALAB_BROKER_URL", "redis://me:hunter2@env")
    monkeypatch.setenv("MSALAB_CACHE_URL", "redis://env")
    monkeypatch.setenv("MSALAB_DATABASE_URL", "postgresql://env")
    topology = topology_for(workspace, specs, "small", ["servers.cache=redis://set"])

    assert plain.servers == Servers("redis://file", "redis://file")
    assert topology.servers == Servers("redis://me:hunter2@env", "redis://set", "postgresql://env")
    assert "hunter2" not in repr(topology)


def test_a_wrong_url_in_the_environment_is_a_mistake_that_names_the_variable(
    workspace: Workspace, specs: tuple[ServiceSpec, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSALAB_DATABASE_URL", "mysql://me:hunter2@box")

    with pytest.raises(UserMistake) as mistake:
        topology_for(workspace, specs, "small")

    assert str(mistake.value) == ("MSALAB_DATABASE_URL: a database is reached by postgresql, not by 'mysql'")
