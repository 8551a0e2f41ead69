from __future__ import annotations

from msa_lab.runtime.sim.streams import StreamDice, Streams


def test_a_stream_gives_these_bits_for_this_seed_and_name_everywhere() -> None:
    stream = Streams(42).named("network")

    assert [stream.getrandbits(32) for _ in range(4)] == [2494953776, 2081387946, 1910404923, 1450720061]
    assert [stream.random() for _ in range(2)] == [0.5131697363265243, 0.8599551936827454]


def test_the_same_name_gives_the_same_stream_and_a_fresh_one_begins_anew() -> None:
    streams = Streams(1)
    first = streams.named("a").random()

    assert streams.named("a") is streams.named("a")
    assert streams.named("a").random() != first
    assert streams.fresh("a").random() == first


def test_seed_and_name_both_make_another_stream() -> None:
    drawn = {Streams(seed).named(name).random() for seed in (1, 2) for name in ("a", "b")}

    assert len(drawn) == 4


def test_a_draw_in_one_stream_moves_no_other() -> None:
    alone, beside = Streams(1), Streams(1)
    beside.named("other").random()

    assert alone.named("a").random() == beside.named("a").random()


def test_dice_give_integers_evenly_with_both_ends() -> None:
    dice = StreamDice(Streams(7).named("dice"))
    counts = dict.fromkeys(range(1, 7), 0)
    for _ in range(6_000):
        counts[dice.integer(1, 6)] += 1

    assert all(900 < count < 1_100 for count in counts.values())
