"""Small numbers are hidden, and so is what they could be worked out from."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from reports.disclosure import DERIVED, SMALL, Cell, hide_small
from reports.figure import Definition, Definitions

FIGURE = Definition("people", "", "", "", "")
PART = Definition("part", "", "", "", "", of="people")
MINUTES = Definition("minutes", "", "", "", "", per_event=True)
Counted: TypeAlias = dict[str | None, dict[str, int | None]]
KNOWN = Definitions("1", 5, "", (FIGURE,))


def hide(values: dict[str, int], known: Definitions = KNOWN) -> tuple[dict[str, Cell], Cell]:
    counted: Counted = {place: {"people": value} for place, value in values.items()}
    whole = {"people": sum(values.values())}
    shown, total = hide_small(counted, whole, known, dict.fromkeys(values, 0))
    return {place: shown[place]["people"] for place in values}, total["people"]


def test_large_numbers_and_zero_are_shown() -> None:
    assert hide({"a": 5, "b": 0, "c": 70}) == (
        {"a": Cell(5), "b": Cell(0), "c": Cell(70)},
        Cell(75),
    )


def test_a_lone_small_number_takes_the_next_smallest_with_it() -> None:
    shown, total = hide({"a": 3, "b": 9, "c": 70, "d": 0})
    assert shown == {"a": SMALL, "b": DERIVED, "c": Cell(70), "d": Cell(0)}
    assert total == Cell(82)


def test_two_small_numbers_cover_each_other() -> None:
    shown, total = hide({"a": 3, "b": 4, "c": 70})
    assert shown == {"a": SMALL, "b": SMALL, "c": Cell(70)}
    assert total == Cell(77)


def test_with_nothing_to_hide_behind_the_sum_goes() -> None:
    assert hide({"a": 3, "b": 0}) == ({"a": SMALL, "b": Cell(0)}, SMALL)


def test_a_part_is_hidden_when_its_rest_is_small() -> None:
    counted: Counted = {"a": {"people": 30, "part": 28}, "b": {"people": 30, "part": 15}}
    whole = {"people": 60, "part": 43}
    known = Definitions("1", 5, "", (FIGURE, PART))
    shown, total = hide_small(counted, whole, known, {"a": 0, "b": 0})
    assert shown["a"]["part"] == DERIVED
    assert shown["b"]["part"] == DERIVED
    assert total["part"] == Cell(43)


def test_minutes_of_few_alarms_are_hidden() -> None:
    counted: Counted = {"a": {"minutes": 12}, "b": {"minutes": 40}, "c": {"minutes": None}}
    known = Definitions("1", 5, "", (MINUTES,))
    shown, total = hide_small(counted, {"minutes": 13}, known, {"a": 4, "b": 5, "c": 0})
    assert [shown[place]["minutes"] for place in "abc"] == [SMALL, Cell(40), Cell(None)]
    assert total["minutes"] == Cell(13)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 30), min_size=1))
def test_no_small_number_is_shown_or_follows_from_the_sum(values: dict[str, int]) -> None:
    shown, total = hide(values)
    visible = [cell.value for cell in [*shown.values(), total] if not cell.hidden]
    assert not any(value in range(1, 5) for value in visible)
    hidden = [values[place] for place, cell in shown.items() if cell.hidden]
    if not total.hidden:
        # What is missing belongs to at least two places, none of them empty.
        assert len(hidden) != 1
        assert all(value > 0 for value in hidden)
