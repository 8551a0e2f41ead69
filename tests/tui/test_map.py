"""The map: every service legible at every size, faults on the lines, keys on what is selected."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from msa_lab.tui.app import LabApp
from msa_lab.tui.feed import mappage, placepage
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import text_of
from msa_lab.tui.feed.links import Link, links
from msa_lab.tui.feed.maplayout import columns_of, plan
from msa_lab.tui.feed.mappage import Picture
from msa_lab.tui.feed.sight import Sight
from msa_lab.tui.feed.wires import Wires
from msa_lab.tui.screens.events import EventsView
from msa_lab.tui.screens.map import MapView
from tests.tui.staging import SIZES, Stage, bar, every_size, look, page, press, rows, text, told, write_log

CALLED = {
    "gateway": ("user", "product", "cart", "order"), "product": ("inventory",), "cart": ("product",),
    "order": ("cart", "shipping", "promotion", "inventory", "payment"), "payment": ("psp",),
    "shipping": ("carrier",), "psp": ("payment",), "carrier": ("shipping",),
}  # fmt: skip
HEARD = {
    "product": ("search",), "user": ("notification",), "order": ("inventory", "notification", "review"),
    "shipping": ("notification",),
}  # fmt: skip
SHOP = [
    *(Link(source, target, "call") for source, targets in CALLED.items() for target in targets),
    *(Link(source, target, "event") for source, targets in HEARD.items() for target in targets),
]
NAMES = sorted({end for link in SHOP for end in (link.source, link.target)})
ROOMS = [(78, 15), (82, 32), (150, 50), (58, 9)]


# -- where boxes stand -----------------------------------------------------------------------------


def test_a_service_stands_right_of_who_calls_it_first() -> None:
    columns = columns_of(NAMES, SHOP)

    assert [sorted(column) for column in columns] == [
        ["gateway"],
        ["cart", "order", "product", "user"],
        ["inventory", "payment", "promotion", "shipping"],
        ["carrier", "notification", "psp", "review", "search"],
    ]


@pytest.mark.parametrize(("width", "height"), ROOMS)
def test_boxes_lie_apart_and_within_the_room(width: int, height: int) -> None:
    placed = plan(columns_of(NAMES, SHOP), width, height)
    cells = [
        (x, y)
        for box in placed.boxes.values()
        for x in range(box.x, box.right)
        for y in range(box.y, box.y + box.height)
    ]

    assert len(placed.boxes) == 14
    assert len(cells) == len(set(cells))
    assert all(0 <= x < width and 0 <= y < height for x, y in cells)


def test_a_room_too_low_for_all_makes_a_longer_drawing() -> None:
    assert plan(columns_of(NAMES, SHOP), 78, 3).height == 5


def test_lines_join_where_they_meet_and_a_higher_one_lies_over_a_lower() -> None:
    wires = Wires(5, 3, unicode=True)
    wires.draw([(0, 1), (4, 1)], "thin", "dim")
    wires.draw([(2, 0), (2, 2)], "thin", "dim")
    wires.draw([(4, 0), (4, 2)], "double", "fault", 1)

    assert text(wires.lines()) == "  ╷ ║\n╶─┼─║\n  ╵ ║"


# -- what is drawn ---------------------------------------------------------------------------------


@pytest.fixture
def at(feed: Feed) -> Callable[[int], Sight]:
    return lambda place: look(feed, place)


def test_links_are_those_that_the_run_used(at: Callable[[int], Sight]) -> None:
    assert [(link.source, link.target, link.how) for link in links(at(20))] == [
        ("order", "payment", "call"), ("payment", "psp", "call"),
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "height"), ROOMS)
def test_a_fault_is_drawn_on_its_link_and_named(at: Callable[[int], Sight], width: int, height: int) -> None:
    struck = text(mappage.picture(at(20), width, height, Picture("gateway")))
    healed = text(mappage.picture(at(34), width, height, Picture("gateway")))

    assert "═" in struck
    assert "═" not in healed
    assert "lossy" in struck or "1" in struck
    assert "1 lossy: net.loss on payment -> psp" in text_of(mappage.legend(at(20), 78))


def test_the_legend_tells_that_rates_count_events_too(at: Callable[[int], Sight]) -> None:
    for place in (20, 34):
        assert " rates: ━━ calls + ┅┅ events " in text_of(mappage.legend(at(place), 76))
        assert "…" not in text_of(mappage.legend(at(place), 76))
    assert "rates" not in text_of(mappage.legend(at(34), 58))
    assert "down" in text_of(mappage.legend(at(34), 58))


def test_the_links_of_the_selected_service_are_bold_the_others_come_when_asked_for(
    at: Callable[[int], Sight],
) -> None:
    alone = text(mappage.picture(at(34), 78, 15, Picture("order")))
    every = text(mappage.picture(at(34), 78, 15, Picture("order", everything=True)))

    assert "━▶│ payment" in alone
    assert alone.count("▶") == 1
    assert every.count("▶") == 2


def test_a_box_tells_by_sign_word_and_colour_how_its_service_stands(at: Callable[[int], Sight]) -> None:
    lines = mappage.picture(at(26), 78, 15, Picture("order"))
    drawn = text(lines)

    assert "○" in drawn
    assert "DOWN" in drawn
    assert "bad" in {style for row in lines for part, style in row if "payment" in part}


def test_a_party_outside_the_shop_is_marked(feed: Feed) -> None:
    for width, height in ROOMS:
        drawn = text(mappage.picture(look(feed, 34), width, height, Picture("order")))
        assert re.findall(r"\(\w+\)", drawn) == ["(psp)"]


def test_in_a_small_window_the_links_have_all_the_room(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2", "enter")
        assert rows(app, "links").size.height >= 8

    stage(story, (60, 16))


def test_a_large_window_is_used(feed: Feed) -> None:
    boxes = plan(columns_of(NAMES, SHOP), 150, 50).boxes.values()

    assert {box.height for box in boxes} == {7}
    assert min(box.y for box in boxes) <= 4
    assert max(box.y + box.height for box in boxes) >= 46
    drawn = text(mappage.picture(look(feed, 26), 150, 50, Picture("psp")))
    assert "0 of 1 up" in drawn
    assert "1 of 1 up" in drawn
    hurt = text(mappage.picture(look(feed, 20), 150, 50, Picture("order")))
    assert "/s failed" in hurt


def test_the_map_of_a_shop_that_starts_again_has_who_is_there(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write_log(path)
    last = json.loads(path.read_bytes().splitlines()[-1])
    with path.open("a") as file:
        for seq, more in enumerate(
            (
                {"kind": "run.started"},
                {"kind": "instance.started", "service": "order", "instance": "order-1"},
            ),
            start=last["seq"] + 1,
        ):
            file.write(json.dumps({"seq": seq, "t": last["t"], **more}) + "\n")
    feed = Feed(path)
    feed.advance(60)
    sight = look(feed, len(feed.log))
    drawn = text(mappage.picture(sight, 78, 15, Picture("order")))
    feed.log.close()

    assert "order" in drawn
    assert "payment" not in drawn
    assert links(sight) == []


def test_ascii_draws_it_without_unicode(feed: Feed) -> None:
    for width, height in ROOMS:
        drawn = text(
            mappage.picture(look(feed, 20, unicode=False), width, height, Picture("order", everything=True))
        )
        assert drawn.isascii()
        assert all(name in drawn for name in ("gateway", "order", "payment", "psp"))
        assert ">" in drawn


def test_a_link_is_told_with_its_rate_times_losses_and_faults(at: Callable[[int], Sight]) -> None:
    link = Link("payment", "psp", "call")
    told = text(placepage.of_link(at(34), link, 34))

    assert re.search(r"unanswered +1", told)
    assert "net.loss" not in told
    assert "net.loss on payment -> psp" in text(placepage.of_link(at(16), link, 34))
    assert "ord-2      first try" in text(placepage.of_link(at(16), link, 34))
    assert "lossy: net.loss since T+2.0" in text(placepage.brief(at(16), link, 78))


def test_a_service_is_told_with_its_state_and_instances(at: Callable[[int], Sight]) -> None:
    assert re.search(
        r"state +○ DOWN\ninstances +0 of 1 up", text(placepage.of_service(at(26), "payment", 34))
    )


def test_the_map_is_copied_as_a_flowchart(at: Callable[[int], Sight]) -> None:
    drawn = mappage.as_mermaid(at(16))

    assert drawn.startswith("flowchart LR\n")
    assert '  payment -->|"1 lossy"| psp\n' in drawn


# -- the screen ------------------------------------------------------------------------------------


def view_of(app: LabApp) -> MapView:
    assert isinstance(app.view, MapView)
    return app.view


@every_size
def test_every_service_is_legible(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2")
        drawn = page(app, "picture").text()
        assert all(name in drawn for name in ("gateway", "order", "payment", "psp"))
        assert "calls" in bar(app, "legend").text()

    stage(story, size)


@every_size
def test_arrows_go_from_box_to_box(stage: Stage, size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2")
        assert view_of(app).selected == "order"
        for key, name in (("right", "payment"), ("right", "psp"), ("right", "psp"), ("left", "payment")):
            await press(pilot, key)
            assert view_of(app).selected == name
        await press(pilot, "left")
        left = view_of(app).selected
        await press(pilot, "down" if left == "gateway" else "up")
        assert {left, view_of(app).selected} == {"gateway", "order"}

    stage(story, size)


@every_size
def test_enter_inspects_the_service_then_a_link_then_its_messages(
    stage: Stage, size: tuple[int, int]
) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2", "right", "enter")
        assert rows(app, "links").has_focus
        assert rows(app, "links").border_title == "Links of payment"
        assert view_of(app).place() == "order -> payment"
        await press(pilot, "down")
        assert view_of(app).place() == "payment -> psp"
        assert "unanswered" in page(app, "told").text() or not page(app, "told").display
        await press(pilot, "enter")
        assert isinstance(app.view, EventsView)
        assert rows(app, "event-list").count == 2
        await press(pilot, "2", "escape")
        assert page(app, "picture").has_focus
        assert view_of(app).place() == "payment"

    stage(story, size)


def test_the_side_panel_tells_of_the_selected_service_where_there_is_room(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2")
        assert page(app, "told").border_title == "order"
        assert "instances" in page(app, "told").text()
        await press(pilot, "right")
        assert page(app, "told").border_title == "payment"

    for size in SIZES[1:3]:
        stage(story, size)


def test_a_click_selects_a_box(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2")
        drawn = page(app, "picture").text().splitlines()
        row = next(place for place, line in enumerate(drawn) if "psp" in line)
        await pilot.click("#picture", offset=(drawn[row].index("psp") + 1, row + 1))
        await pilot.pause()
        assert view_of(app).selected == "psp"

    stage(story)


def test_a_draws_all_links(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        app = await press(pilot, "2")
        assert page(app, "picture").text().count("▶") == 1
        await press(pilot, "a")
        assert page(app, "picture").text().count("▶") == 2

    stage(story)


def test_y_copies_the_map_as_mermaid(stage: Stage, tmp_path: Path) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await press(pilot, "2", "y")

    stage(story)
    assert (tmp_path / "cache" / "copied.txt").read_text("utf-8").startswith("flowchart LR")


def test_keys_of_change_say_why_not_where_nothing_can_be_changed(stage: Stage) -> None:
    async def story(pilot: Pilot[None]) -> None:
        messages: list[str] = []
        for key in "phx":
            app = await press(pilot, "2", key)
            assert len(app.screen_stack) == 1
            messages += told(app)
        assert len(messages) == 3
        assert all("open it where its scenario is" in message for message in messages)

    stage(story, (120, 40))
