"""A follow-up whose fields are all known: its class, and when the next one is due."""

from __future__ import annotations

from dataclasses import replace

from agent.context import OpenFollowUp, TurnContext
from agent.decision import FollowUpStep
from care.cadence import next_due
from care.classify import Visit, VisitClass, classify
from care.prefill import reacts
from care.situation import Background, Programme
from records.follow_ups import measured
from records.people import china_date


def completed(
    step: FollowUpStep, one: OpenFollowUp, context: TurnContext, *, critical: bool
) -> FollowUpStep:
    """Classify by the reporting cut-off. The result is a draft: a doctor looks at it and signs."""
    today = china_date(context.now)
    visit = Visit(
        programme=Programme(one.programme),
        background=_background(one, context),
        readings=measured(step.answers),
        adverse_reaction=reacts(step.answers.get("symptoms", ())),
        critical=critical,
    )
    result = classify(visit, [VisitClass(name) for name in one.previous])
    due = next_due(today, result)
    return replace(
        step,
        complete=True,
        classification=result.visit_class,
        next_due_on=due.on,
        next_reason=due.purpose,
    )


def _background(one: OpenFollowUp, context: TurnContext) -> Background:
    found = (who.background for who in context.members if who.person_id == one.person_id)
    return next(found, Background())
