import os
import stat
from pathlib import Path

import pytest

pytest.importorskip("fcntl", reason="shops run on Unix alone")

from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence.shops import ShopFolder, ShopStore


@pytest.fixture
def shop(tmp_path: Path) -> ShopFolder:
    folder = ShopStore(tmp_path / "shops").named("shop")
    folder.make()
    return folder


def test_a_shop_runs_as_long_as_somebody_holds_its_lock(shop: ShopFolder) -> None:
    assert not shop.runs
    lock = shop.claim()
    assert lock is not None
    assert shop.runs
    assert shop.claim(tries=1) is None
    os.close(lock)
    assert not shop.runs


def test_nobody_else_may_look_into_it(shop: ShopFolder) -> None:
    shop.set_token("secret")
    shop.say({"pid": 1})
    shop.path.chmod(0o755)
    shop.make()

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (shop.path, *shop.path.iterdir())}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    assert shop.token == "secret"


def test_reset_forgets_all_but_the_lock(shop: ShopFolder) -> None:
    shop.remember({"given": "checkout", "origin": 7})
    (shop.data / "order.sqlite").touch()
    lock = shop.claim()
    assert lock is not None
    shop.reset()
    os.close(lock)

    assert shop.past == {}
    assert [path.name for path in shop.path.iterdir()] == ["lock"]


@pytest.mark.parametrize("name", ["Shop", "../shop", "", "7up", "a b", "x" * 33])
def test_only_plain_names_name_a_shop(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserMistake, match="no shop can be named"):
        ShopStore(tmp_path).named(name)


def test_an_unknown_shop_is_named_with_the_nearest(shop: ShopFolder) -> None:
    lock = shop.claim()
    assert lock is not None
    os.close(lock)
    store = ShopStore(shop.path.parent)

    with pytest.raises(UserMistake, match="there is no shop 'shp'; did you mean 'shop'"):
        store.known("shp")
    with pytest.raises(UserMistake, match="shop 'shop' is not running"):
        store.standing("shop")


def test_a_damaged_file_is_said_with_the_way_out(shop: ShopFolder) -> None:
    (shop.path / "shop.json").write_text("{")

    with pytest.raises(EnvironmentTrouble, match=r"shop.json is damaged: [\s\S]*msalab reset"):
        _ = shop.past
