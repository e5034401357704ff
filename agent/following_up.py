"""The follow-up route: collects the fields of the form over several messages and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.runtime import Runtime

from agent import sittings, wording
from agent.completing import completed
from agent.context import SENDER, OpenFollowUp, TurnContext
from agent.decision import FollowUpStep, NewReading, Part, Route
from agent.state import TurnState
from care.level import Level
from care.protocol import protocol
from care.reading import GlucoseContext, Kind
from care.situation import Programme
from language.replies import short_answer
from language.understanding import Subject, Understanding
from records.readings import MEASURED

# What a conversation may fill in. The pulse of the foot and the doctor's impression stay blank.
FIELDS: dict[str, tuple[str, ...]] = {
    Programme.HYPERTENSION: ("bp", "symptoms", "medicine_taken"),
    Programme.TYPE2_DIABETES: ("glucose", "symptoms", "medicine_taken"),
}
# On a shared number: the person that the last question was for.
ASKED_OF = "of"
_ORDER = ("bp", "glucose", "symptoms", "medicine_taken")
_QUESTIONS = {
    "bp": "followup.ask_bp",
    "glucose": "followup.ask_glucose",
    "symptoms": "followup.ask_symptoms",
    "medicine_taken": "followup.ask_medicine",
}


def progress(state: TurnState, context: TurnContext) -> tuple[FollowUpStep, ...]:
    """What this message adds to the open follow-ups; nothing when it adds nothing."""
    steps = (_step(follow_up, state, context) for follow_up in context.follow_ups)
    return tuple(step for step in steps if step is not None)


def follow_up(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Say what was recorded and ask for the next field, or thank and say when the next one is."""
    context = runtime.context
    steps = state["follow_ups"]
    said = wording.recorded(state, context) or wording.clarification(state)
    whom = _next_asked(context, steps)
    theirs = tuple(one for one in context.follow_ups if whom in (None, one.person_id))
    missing = missing_field(theirs, steps)
    if missing is not None:
        asked = _of_whom(wording.part(_QUESTIONS[missing]), whom, context)
        found: TurnState = {"route": Route.FOLLOW_UP, "parts": (*said, asked)}
        return found if whom is None else {**found, "awaiting": {ASKED_OF: whom}}
    return {"route": Route.FOLLOW_UP, "parts": (*said, *_thanks(steps))}


def _next_asked(context: TurnContext, steps: tuple[FollowUpStep, ...]) -> str | None:
    """On a number that several share: who is asked next, first whoever has just been told of.

    None where one holds the phone, and where nothing is lacking any more.
    """
    if not context.sms or len(context.members) == 1:
        return None
    told = [step.person_id for step in steps]
    people = dict.fromkeys([*told, *(one.person_id for one in context.follow_ups)])
    for person_id in people:
        theirs = tuple(one for one in context.follow_ups if one.person_id == person_id)
        if missing_field(theirs, steps) is not None:
            return person_id
    return None


def _of_whom(asked: Part, whom: str | None, context: TurnContext) -> Part:
    """A question on a shared number says who it is for."""
    name = next((who.name for who in context.members if who.person_id == whom), "")
    return Part(
        asked.key,
        wording.part("for_whom.name", name=name).text + asked.text if name else asked.text,
    )


def expected(follow_ups: tuple[OpenFollowUp, ...]) -> str | None:
    """What the open follow-ups are asking for, so that a bare number can be placed."""
    return still_expected(follow_ups, ())


def still_expected(
    follow_ups: tuple[OpenFollowUp, ...], steps: tuple[FollowUpStep, ...]
) -> str | None:
    """What they ask for after these steps: a field, or "both" for pressure and glucose."""
    lacking = _lacking(follow_ups, steps)
    if {"bp", "glucose"} <= lacking:
        return "both"
    return next((field for field in _ORDER if field in lacking), None)


def missing_field(
    follow_ups: tuple[OpenFollowUp, ...], steps: tuple[FollowUpStep, ...]
) -> str | None:
    """The first field that any open follow-up still lacks, in the order they are asked."""
    lacking = _lacking(follow_ups, steps)
    return next((field for field in _ORDER if field in lacking), None)


def _lacking(follow_ups: tuple[OpenFollowUp, ...], steps: tuple[FollowUpStep, ...]) -> set[str]:
    known: dict[str, Mapping[str, Any]] = {one.follow_up_id: one.answers for one in follow_ups}
    known |= {step.follow_up_id: step.answers for step in steps}
    return {
        field
        for one in follow_ups
        for field in FIELDS[one.programme]
        if field not in known[one.follow_up_id]
    }


def _step(one: OpenFollowUp, state: TurnState, context: TurnContext) -> FollowUpStep | None:
    wanted = FIELDS[one.programme]
    heard = {**_values(one, state), **_said(one, state, context)}
    new = {field: value for field, value in heard.items() if field in wanted}
    if not new:
        return None
    answers = {**_still_true(one, state, context), **new}
    step = FollowUpStep(one.follow_up_id, one.person_id, one.programme, answers)
    if any(field not in answers for field in wanted):
        return step
    critical = state["level"] >= Level.URGENT
    return completed(step, one, context, critical=critical)


def _still_true(one: OpenFollowUp, state: TurnState, context: TurnContext) -> dict[str, Any]:
    """The answers so far, without a number that this very message took back."""
    record = state["record"]
    gone = {*record.withdraw, *(old for new in record.readings for old in new.replaces)}
    past = [p.reading for who in context.members for p in who.past if p.reading_id in gone]
    kinds = {str(reading.kind) for reading in past}
    return {field: value for field, value in one.answers.items() if field not in kinds}


def _values(one: OpenFollowUp, state: TurnState) -> dict[str, Any]:
    """What was measured; a habitual value says nothing of today and is asked for again."""
    mine = [
        new
        for new in state["record"].readings
        if new.person_id == one.person_id and not new.held and new.basis == MEASURED
    ]
    found: dict[str, Any] = {}
    average = sittings.newest(mine)
    if average is not None:
        found["bp"] = [average.reading.systolic, average.reading.diastolic]
    sugars = [new for new in mine if new.reading.kind is Kind.GLUCOSE]
    if sugars:
        found["glucose"] = _sugar(sugars)
    return found


def _sugar(sugars: Sequence[NewReading]) -> list[Any]:
    """The fasting value, which the form asks for; else the newest."""
    fasting = [s for s in sugars if s.reading.context is GlucoseContext.FASTING]
    last = (fasting or sugars)[-1].reading
    return [last.value, last.context]


def _said(one: OpenFollowUp, state: TurnState, context: TurnContext) -> dict[str, Any]:
    """Symptoms and medicine, as told by the holder of the phone about himself or herself."""
    record = state["record"]
    if one.person_id != _speaker(context) or record.withdraw or record.confirm:
        return {}
    understood = state["heed"].understood
    shared = context.sms and len(context.members) > 1
    theirs = (each for each in context.follow_ups if not shared or each.person_id == one.person_id)
    asked = missing_field(tuple(theirs), ())
    symptoms = _symptoms(understood, asked)
    taken = understood.medicine_taken
    if taken is None and asked == "medicine_taken":
        taken = short_answer("medicine_taken", understood.standard)
    found: dict[str, Any] = {} if symptoms is None else {"symptoms": symptoms}
    return found if taken is None else {**found, "medicine_taken": taken}


def _speaker(context: TurnContext) -> str | None:
    """Of whom a short answer speaks: on a shared number of whom was asked, and nobody else."""
    if not context.sms or len(context.members) == 1:
        return context.sender.person_id
    asked = context.awaiting.get(ASKED_OF)
    holder = context.member(SENDER)
    return str(asked) if asked else holder.person_id if holder else None


def _symptoms(understood: Understanding, asked: str | None) -> list[str] | None:
    """The sender's own complaints, [] for none, None when nothing was said about them."""
    concepts = protocol().concepts
    said = {f.concept for f in understood.findings if f.subject is not Subject.OTHER}
    complaints = sorted(code for code in said if not concepts[code].background)
    if complaints:
        return complaints
    well = understood.no_symptoms or bool(understood.denied)
    if asked == "symptoms":
        well = well or short_answer("no_symptoms", understood.standard) is True
    return [] if well else None


def _thanks(steps: tuple[FollowUpStep, ...]) -> tuple[Part, ...]:
    dates = [step.next_due_on for step in steps if step.next_due_on is not None]
    if not dates:
        return ()
    soonest = min(dates)
    return (wording.part("followup.thanks", date=f"{soonest.month}月{soonest.day}日"),)
