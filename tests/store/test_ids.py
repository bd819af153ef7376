"""Ids can be typed and read aloud, and are never used twice."""

from __future__ import annotations

from monitor.store.ids import TYPABLE, random_id, short_id


def test_a_short_id_has_four_typable_characters() -> None:
    id = short_id(0, lambda _: False)
    assert len(id) == 4
    assert set(id) <= set(TYPABLE)
    assert not set(TYPABLE) & set("0o1liaeu")


def test_short_ids_grow_where_they_are_crowded() -> None:
    assert [len(short_id(taken, lambda _: False)) for taken in (60_000, 70_000, 2_000_000)] == [4, 5, 6]


def test_a_taken_short_id_is_not_given() -> None:
    asked: list[str] = []

    def exists(id: str) -> bool:
        asked.append(id)
        return len(asked) < 3

    assert short_id(0, exists) == asked[2]


def test_random_ids_are_twelve_characters_and_all_differ() -> None:
    made = {random_id() for _ in range(10_000)}
    assert len(made) == 10_000
    assert {len(id) for id in made} == {12}
    assert set("".join(made)) <= set("0123456789abcdefghjkmnpqrstvwxyz")
