"""打错了, 刚才那个不算, 不是我的, 是早上的: a message puts right what was sent before."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from care.reading import Kind, Reading
from language.amending import amendment_of
from language.normalise import normalise
from language.reader import read
from records import follow_ups, readings
from records.people import china_date
from records.tables import (
    AuditEvent,
    Escalation,
    EscalationEvent,
    FollowUp,
    OutboundMessage,
    StoredReading,
)
from tests.agent.scene import Village


def valid(village: Village) -> list[StoredReading]:
    with village.database.reading() as session:
        rows = session.exec(select(StoredReading).order_by("recorded_at", "id")).all()
    return [row for row in rows if row.state in readings.VALID]


def case(village: Village) -> Escalation:
    with village.database.reading() as session:
        return session.exec(select(Escalation)).one()


@pytest.mark.parametrize(
    ("sent", "words", "value"),
    [
        ("血压158/96", "打错了,是138", (138, 96, None)),
        ("血压158/96", "不是158是138", (138, 96, None)),
        ("血压158/96", "低压打错了，是86", (158, 86, None)),
        ("血压158/96", "不对，是138/86", (138, 86, None)),
        ("空腹7.8", "打错了 6.8", (None, None, 6.8)),
        ("体重130斤", "打错了，是120斤", (None, None, 60)),
        ("心跳78", "打错了，87", (None, None, 87)),
        ("糖化8.7", "打错了是7.8", (None, None, 7.8)),
    ],
)
def test_a_correction_is_read_by_what_it_corrects(
    village: Village, sent: str, words: str, value: tuple[float | None, ...]
) -> None:
    village.say(sent)
    assert village.say(words)[-1].startswith("改好了")
    (row,) = valid(village)
    assert (row.systolic, row.diastolic, row.value) == value


def test_of_several_values_the_one_that_was_named_is_corrected(village: Village) -> None:
    village.say("155/95 150/92 148/90 三次")
    village.say("不是150是130")
    assert [row.systolic for row in valid(village)] == [155, 148, 130]


def test_a_correction_keeps_the_time_of_the_value(village: Village) -> None:
    village.say("昨晚血压158/96")
    before = valid(village)[0].taken_at
    village.say("打错了,是138")
    assert valid(village)[0].taken_at == before
    assert before < village.now - timedelta(hours=10)


def test_after_a_day_it_is_a_new_value(village: Village) -> None:
    village.say("血压158/96")
    village.later(hours=25)
    village.say("打错了,是138/86")
    assert [row.systolic for row in valid(village)] == [158, 138]


def test_an_alarm_is_judged_again_and_stays_open(village: Village) -> None:
    village.say("血压185/104")
    assert case(village).level == "urgent"
    village.say("打错了,是135/84")
    assert (case(village).level, case(village).state) == ("routine", "open")
    with village.database.reading() as session:
        events = [one.kind for one in session.exec(select(EscalationEvent)).all()]
        trail = session.exec(
            select(AuditEvent).where(AuditEvent.action == "reading.corrected")
        ).one()
        notices = session.exec(select(OutboundMessage.text_key)).all()
    assert events == ["opened", "corrected"]
    assert (trail.detail["old"], trail.detail["new"]) == ("185/104", "135/84")
    assert (trail.detail["alarm_before"], trail.detail["alarm_after"]) == ("urgent", "routine")
    assert "notice.corrected" in notices


def test_a_correction_upwards_alarms_at_once(village: Village) -> None:
    village.say("血压135/84")
    assert "120" in village.say("打错了,是185/112")[-1]
    assert (case(village).level, case(village).state) == ("urgent", "open")


def test_an_alarm_whose_value_was_taken_back_waits_for_a_doctor(village: Village) -> None:
    village.say("血压185/112")
    told = village.say("刚才那个不算")[-1]
    assert valid(village) == []
    assert "再量两遍" in told
    assert (case(village).level, case(village).state) == ("urgent", "open")


def test_a_value_a_doctor_entered_is_not_taken_back_by_a_message(village: Village) -> None:

    with village.database.transaction() as session:
        readings.store(
            session, village.patient.id, Reading(Kind.BP, systolic=150, diastolic=90),
            readings.Provenance(setting="clinic", recorded_by="d"),
            taken_at=village.now, now=village.now,
        )  # fmt: skip
    village.say("刚才那个不算")
    assert [row.systolic for row in valid(village)] == [150]


def test_a_value_that_was_not_hers_is_withdrawn_and_asked_about(village: Village) -> None:
    village.say("血压158/96")
    assert "告诉我是谁的" in village.say("上面那个不是我的")[-1]
    assert valid(village) == []
    assert village.say("我姐的")[-1].startswith("姐姐的血压158/96我看到了")
    assert valid(village) == []


def test_the_time_and_the_meal_are_put_right(village: Village) -> None:
    village.say("空腹血糖8.8")
    village.say("是饭后的不是空腹的")
    assert "昨天晚上" in village.say("那个是昨晚量的")[-1]
    (row,) = valid(village)
    assert (row.value, row.context) == (8.8, "postprandial")
    assert village.now - row.taken_at > timedelta(hours=10)


def test_a_denied_joined_value_leaves_the_follow_up_too(village: Village) -> None:
    with village.database.transaction() as session:
        today = china_date(village.now)
        follow_ups.plan(session, village.patient.id, "hypertension", today)
        due = [row.id for row in follow_ups.due_to_open(session, today, 10)]
        later = village.now + timedelta(days=2)
        follow_ups.start(session, due, now=village.now, next_step_at=later)
    village.say("16598")
    village.say("不对")
    with village.database.reading() as session:
        assert "bp" not in session.exec(select(FollowUp)).one().answers


@pytest.mark.parametrize("words", ["对", "嗯", "是的"])
def test_a_joined_value_is_unconfirmed_until_a_yes(village: Village, words: str) -> None:
    village.say("16598")
    assert [row.state for row in valid(village)] == ["unconfirmed"]
    village.say(words)
    assert [row.state for row in valid(village)] == ["stored"]


@pytest.mark.parametrize("sent", ["16598", "血压88/146"])
def test_without_objection_it_counts_after_a_day_and_not_before(
    village: Village, sent: str
) -> None:
    village.say(sent)
    told_at = village.now
    for hours, state in ((1, "unconfirmed"), (23.9, "unconfirmed"), (24, "stored")):
        with village.database.transaction() as session:
            readings.accept_unopposed(session, told_at + timedelta(hours=hours))
        assert [row.state for row in valid(village)] == [state]


@pytest.mark.parametrize(
    "text",
    ["这个药是饭后吃的吗", "我不是糖尿病", "这个是我老伴的血压计", "我老伴不是高血压", "这是我妈妈的药",
     "不对", "血压158/96", "那个不是空腹", "昨天去赶集了"],
)  # fmt: skip
def test_what_puts_nothing_right_amends_nothing(text: str) -> None:
    assert amendment_of(read(text), normalise(text).text) is None


def test_taken_at_is_what_the_words_say(village: Village, now: datetime) -> None:
    village.say("昨晚8点188/100，今早六点140/85")
    first, second = valid(village)
    assert (now - first.taken_at, now - second.taken_at) == (
        timedelta(hours=13),
        timedelta(hours=3),
    )


def test_several_values_of_one_sitting_are_all_kept_and_averaged(village: Village) -> None:
    told = village.say("155/95 150/92 148/90 三次")[-1]
    assert [row.systolic for row in valid(village)] == [155, 150, 148]
    assert "149/91" in told


def test_two_that_differ_much_ask_for_a_third(village: Village) -> None:
    assert "第三遍" in village.say("量了两遍 158/96 138/86")[-1]


def test_a_habitual_value_is_kept_and_answers_no_follow_up(village: Village) -> None:
    with village.database.transaction() as session:
        today = china_date(village.now)
        follow_ups.plan(session, village.patient.id, "hypertension", today)
        due = [row.id for row in follow_ups.due_to_open(session, today, 10)]
        later = village.now + timedelta(days=2)
        follow_ups.start(session, due, now=village.now, next_step_at=later)
    village.say("血压一直145/85左右")
    assert [(row.basis, row.approximate) for row in valid(village)] == [("habitual", False)]
    with village.database.reading() as session:
        assert "bp" not in session.exec(select(FollowUp)).one().answers
