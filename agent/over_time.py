"""New values beside the stored ones of the same person: what the days show can only raise."""

from __future__ import annotations

from agent.context import Member, TurnContext
from agent.state import Record, TurnState
from care.assess import assess
from care.situation import Situation
from care.trend import Taken, Trend, trend
from records.readings import MEASURED, STORED


def judged_over_time(state: TurnState, context: TurnContext) -> TurnState:
    """Judge everyone who has a new value again, with what it shows beside the earlier ones."""
    found: TurnState = {}
    for who in context.members:
        shown = trend(_values(who, state["record"], context), context.now)
        if shown:
            found |= _judged(shown, who, {**state, **found})
    return found


def _judged(shown: Trend, who: Member, state: TurnState) -> TurnState:
    said = [one.situation for one in state["described"] if one.relation == who.relation]
    new = tuple(one.reading for one in state["record"].readings if one.person_id == who.person_id)
    said.append(Situation(background=who.background, readings=new))
    judged = max((assess(shown.added_to(one)) for one in said), key=lambda one: one.level.rank)
    if judged.level > state["level"]:
        return {
            "level": judged.level,
            "reasons": judged.reasons,
            "rules": judged.rules,
            "advice": judged.advice,
            "subject": who,
        }
    if state["subject"] is not who:
        return {}
    return {
        "reasons": tuple(dict.fromkeys((*state["reasons"], *judged.reasons))),
        "rules": tuple(dict.fromkeys((*state["rules"], *judged.rules))),
    }


def _values(who: Member, record: Record, context: TurnContext) -> list[Taken]:
    """Certain values only: neither unconfirmed, habitual nor taken back."""
    gone = {*record.withdraw, *(old for new in record.readings for old in new.replaces)}
    stored = [
        Taken(past.reading, past.taken_at, new=past.reading_id in record.confirm)
        for past in who.history
        if past.basis == MEASURED and past.reading_id not in gone
        if past.state == STORED or past.reading_id in record.confirm
    ]
    told = [
        Taken(new.reading, new.taken_at or context.now, new=True)
        for new in record.readings
        if new.person_id == who.person_id and new.basis == MEASURED and new.certainty == "plain"
    ]
    return [*stored, *told] if told or any(one.new for one in stored) else []
