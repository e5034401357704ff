"""Values of several messages, days apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import select

from agent.context import Past
from agent.decision import Decision, Route
from care.level import Level
from care.reading import Kind, Reading
from records.tables import Escalation, EscalationEvent
from tests.agent.scene import Village, keys, patient

Thought = Callable[..., Decision]


def alarms(village: Village) -> list[tuple[str, list[str]]]:
    with village.database.reading() as session:
        return [(row.level, list(row.reasons)) for row in session.exec(select(Escalation))]


def weighed(now: datetime, value: float, days: float, **more: object) -> Past:
    at = now - timedelta(days=days)
    past = Past("r1", Reading(Kind.WEIGHT, value=value), at, at, "stored", message_id="m0")
    return replace(past, **more)  # type: ignore[arg-type]


def test_two_kilograms_in_three_days_ring_the_doctor(village: Village) -> None:
    village.say("今天体重62公斤")
    village.later(days=2)
    said = village.say("体重129斤")
    ((level, reasons),) = alarms(village)
    assert level == "urgent"
    assert "weight_change" in reasons
    assert len(said) == 2


def test_the_same_gain_over_a_week_is_only_recorded(village: Village) -> None:
    village.say("体重62公斤")
    village.later(days=7)
    village.say("体重64.5公斤")
    assert alarms(village) == []


def test_a_second_high_fasting_value_the_next_day_is_urgent(village: Village) -> None:
    village.say("空腹血糖14.2")
    village.say("空腹血糖14.2怎么办")
    assert alarms(village) == []
    village.later(days=1)
    village.say("今早空腹14.5")
    ((level, reasons),) = alarms(village)
    assert level == "urgent"
    assert reasons[0] == "hyper"


def test_a_weight_taken_back_is_not_compared(village: Village) -> None:
    village.say("体重60公斤")
    village.say("刚才那个不算")
    village.later(days=1)
    village.say("体重63公斤")
    assert alarms(village) == []


def test_a_correction_is_compared_with_what_stood_before(village: Village) -> None:
    village.say("体重60公斤")
    village.later(days=1)
    village.say("体重61公斤")
    assert alarms(village) == []
    village.say("打错了，体重是63公斤")
    assert [level for level, _ in alarms(village)] == ["urgent"]


def test_the_gain_stays_urgent_when_another_value_is_put_right(village: Village) -> None:
    village.say("体重60公斤")
    village.later(days=1)
    village.say("血压182/96，体重63公斤")
    village.say("打错了，高压是128")
    assert [level for level, _ in alarms(village)] == ["urgent"]


def test_an_alarm_over_days_stays_when_its_value_is_put_right(village: Village) -> None:
    village.say("体重60公斤")
    village.later(days=1)
    village.say("体重63公斤")
    village.say("打错了，体重是60.5公斤")
    assert [level for level, _ in alarms(village)] == ["urgent"]
    with village.database.reading() as session:
        kinds = [event.kind for event in session.exec(select(EscalationEvent))]
    assert kinds[-1] == "corrected"


def test_weight_lost_within_a_month_is_routine_and_told(thought: Thought, now: datetime) -> None:
    who = patient(history=(weighed(now, 66, 20),))
    decision = thought("体重61公斤", members=(who,))
    assert decision.level is Level.ROUTINE
    assert "routine.weight_change" in keys(decision)


def test_what_is_complained_of_counts_together_with_the_gain(
    thought: Thought, now: datetime
) -> None:
    who = patient(history=(weighed(now, 60, 2),))
    alone = thought("体重63公斤", members=(who,))
    breathless = thought("体重63公斤，喘不上气", members=(who,))
    assert (alone.level, alone.route) == (Level.URGENT, Route.ALARM)
    assert breathless.level is Level.EMERGENCY
    assert "heart_failure.swelling" in breathless.rules


def test_reasons_are_added_where_the_level_stands_already(thought: Thought, now: datetime) -> None:
    who = patient(history=(weighed(now, 60, 2),))
    decision = thought("血压190/100，体重63公斤，头痛得厉害", members=(who,))
    assert decision.level is Level.EMERGENCY
    assert decision.reasons[0] != "weight_change"
    assert "weight_change" in decision.reasons


def test_unsure_and_habitual_weights_are_not_compared(thought: Thought, now: datetime) -> None:
    for more in ({"state": "unconfirmed"}, {"basis": "habitual"}):
        who = patient(history=(weighed(now, 60, 2, **more),))
        assert thought("体重63公斤", members=(who,)).level is Level.NONE


def test_a_yes_makes_a_weight_count(thought: Thought, now: datetime) -> None:
    doubtful = replace(weighed(now, 63, 0, state="unconfirmed"), reading_id="r2")
    who = patient(history=(doubtful, weighed(now, 60, 2)), past=(doubtful,))
    decision = thought("对", members=(who,), awaiting={"confirm": ["r2"]})
    assert decision.confirm == ("r2",)
    assert decision.level is Level.URGENT


def test_nobody_is_compared_with_somebody_else(thought: Thought, now: datetime) -> None:
    mother = patient("mother", history=(weighed(now, 60, 2),))
    assert thought("体重63公斤", members=(patient(), mother)).level is Level.NONE
    hers = thought("我妈体重63公斤", members=(patient(), mother))
    assert (hers.level, hers.subject_id) == (Level.URGENT, "person-mother")


def test_one_persons_emergency_keeps_its_reasons(thought: Thought, now: datetime) -> None:
    mother = patient("mother", history=(weighed(now, 60, 2),))
    decision = thought("我胸口压得喘不上气，我妈体重63公斤", members=(patient(), mother))
    assert decision.subject_id == "person-self"
    assert "weight_change" not in decision.reasons
