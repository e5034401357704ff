"""What would be written into the record, message by message."""

from __future__ import annotations

import pytest

from care.reading import GlucoseContext, Kind, Reading
from language.expecting import Expecting
from language.reader import read
from language.understanding import Certainty, Purpose, Subject, When


def show(reading: Reading) -> str:
    if reading.kind is Kind.BP:
        sides = [f"{v:g}" if v is not None else "-" for v in (reading.systolic, reading.diastolic)]
        shown = f"bp {sides[0]}/{sides[1]}"
    else:
        shown = f"{reading.kind} {reading.value:g}"
    context = reading.context
    return shown if context in {None, GlucoseContext.RANDOM} else f"{shown} {context}"


def stored(message: str) -> str:
    """The short form of the tables: values sorted, "?" when nothing is stored and the sender is asked."""
    understood = read(message)
    shown = "; ".join(sorted(show(mention.reading) for mention in understood.storable))
    return shown or ("?" if understood.clarify else "")


def wanted(expected: str) -> str:
    parts = expected.replace(" approx", "").replace(" random", "").split(";")
    return "; ".join(sorted(part.strip() for part in parts if part.strip()))


def test_what_is_stored_is_what_a_careful_nurse_would_write(readings: dict[str, str]) -> None:
    heard = {message: stored(message) for message in readings}
    wrong = {m: got for m, got in heard.items() if got.strip("?") != wanted(readings[m]).strip("?")}
    assert wrong == {}


def test_the_sender_is_asked_where_the_table_says_so(readings: dict[str, str]) -> None:
    doubtful = [message for message, expected in readings.items() if expected == "?"]
    assert [m for m in doubtful if not read(m).clarify] == []


def test_an_approximate_value_says_so(readings: dict[str, str]) -> None:
    vague = [message for message, expected in readings.items() if "approx" in expected]
    exact = [m for m in vague if not any(x.reading.approximate for x in read(m).storable)]
    assert exact == []


def only(message: str) -> tuple[Reading, Certainty]:
    (mention,) = read(message).mentions
    return mention.reading, mention.certainty


def test_a_joined_value_is_marked_as_joined() -> None:
    reading, certainty = only("15694")
    assert (show(reading), certainty) == ("bp 156/94", Certainty.JOINED)


def test_a_reversed_value_is_marked_as_reversed() -> None:
    reading, certainty = only("血压88~146")
    assert (show(reading), certainty) == ("bp 146/88", Certainty.REVERSED)


def test_a_range_keeps_both_ends() -> None:
    reading, _ = only("高压145-155")
    assert (reading.systolic, reading.low, reading.high) == (155, 145, 155)


def test_a_vague_pair_of_words_is_a_range() -> None:
    reading, _ = only("高压一百三四")
    assert (reading.systolic, reading.low, reading.high, reading.approximate) == (
        130,
        130,
        140,
        True,
    )


@pytest.mark.parametrize(
    ("message", "value", "original"),
    [
        ("血糖216 mg/dL", 12.0, "216 mg/dL"),
        ("体重124斤", 62.0, "124 斤"),
        ("糖化53mmol/mol", 7.0, "53 mmol/mol"),
    ],
)
def test_a_converted_value_keeps_what_was_said(message: str, value: float, original: str) -> None:
    reading, _ = only(message)
    assert (reading.value, reading.original) == (value, original)


def test_kilopascals_become_millimetres() -> None:
    reading, _ = only("血压18/12kpa")
    assert (reading.systolic, reading.diastolic, reading.original) == (135, 90, "18/12kpa")


def test_the_offsets_point_into_the_message_as_it_came() -> None:
    message = "血　压\u200b１６５／９８"
    (mention,) = read(message).mentions
    assert message[mention.start : mention.end] == "１６５／９８"


def test_somebody_elses_value_is_kept_apart_with_the_relation() -> None:
    first, second = read("我妈152/84，我133/76").mentions
    assert (first.subject, first.relation) == (Subject.OTHER, "妈")
    assert (second.subject, second.relation) == (Subject.SELF, None)


def test_a_general_word_means_the_relative_already_named() -> None:
    mention = read("我爷爷八十了，老人家血压170/95").mentions[0]
    assert mention.relation == "爷爷"


def test_an_unclear_subject_is_to_be_asked() -> None:
    assert read("老年人血压150/80正常吗").mentions[0].subject is Subject.UNCLEAR


def test_habit_past_goal_and_supposition_are_told_apart() -> None:
    assert read("平时血压135/85").mentions[0].when is When.HABITUAL
    assert read("去年血压150/95").mentions[0].when is When.PAST
    assert read("目标血压130/80").mentions[0].purpose is Purpose.TARGET
    assert read("要是血压180/110怎么办").mentions[0].purpose is Purpose.HYPOTHETICAL


def test_a_correction_is_flagged_and_the_wrong_value_is_gone() -> None:
    understood = read("打错了,不是6.4是8.4 空腹的")
    assert understood.corrects
    assert [show(m.reading) for m in understood.mentions] == ["glucose 8.4 fasting"]


def test_a_bare_number_alone_is_asked_about() -> None:
    understood = read("7.8")
    assert (understood.storable, understood.unread_numbers) == ((), 1)


@pytest.mark.parametrize(
    ("message", "expecting", "stored"),
    [
        (
            "7.8",
            Expecting(frozenset({Kind.GLUCOSE}), GlucoseContext.FASTING),
            "glucose 7.8 fasting",
        ),
        ("七点八", Expecting(frozenset({Kind.GLUCOSE})), "glucose 7.8"),
        ("148 92", Expecting(frozenset({Kind.BP})), "bp 148/92"),
        ("148。92", Expecting(frozenset({Kind.BP})), "bp 148/92"),
        ("152", Expecting(frozenset({Kind.BP})), "bp 152/-"),
        ("9，3", Expecting(frozenset({Kind.GLUCOSE})), "glucose 9.3"),
    ],
)
def test_what_was_asked_for_places_a_bare_number(
    message: str, expecting: Expecting, stored: str
) -> None:
    assert [show(m.reading) for m in read(message, expecting=expecting).storable] == [stored]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("血糖仪显示HI", {"hi"}),
        ("HI", {"hi"}),
        ("显示LO", {"lo"}),
        ("血压计显示E-1", {"error"}),
        ("血糖高得测不出", {"hi"}),
        ("hi", set()),
        ("hi 医生在吗", set()),
        ("血压128/80", set()),
    ],
)
def test_what_the_meter_shows_instead_of_a_value_is_heard(message: str, shown: set[str]) -> None:
    assert read(message).meter_errors == shown
