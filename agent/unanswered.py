"""What of a turn goes to the curators: a question that was not answered well, without who asked it.

Whatever happens here, the patient's reply goes out: a question that cannot be kept is left.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from agent import wording
from agent.context import TurnContext
from agent.decision import Decision, Part, Query, Rated, Route
from care.level import Level
from knowledge.answer import Answer
from language.feedback import feedback_of
from records import asked
from records.asked import Asker, Question
from records.vault import Vault

log = structlog.get_logger()

_ANSWER = "answer"


def query(text: str, found: Answer) -> Query:
    """What was asked, and how the library fared with it."""
    return Query(
        text=text,
        kind=found.kind,
        refusal=found.refusal,
        articles=tuple(dict.fromkeys(one.article for one in found.citations)),
        confidence=found.confidence,
        margin=found.margin,
    )


def may_be_marked(found: Answer, context: TurnContext) -> tuple[Part, ...]:
    """Whoever gets a doubtful answer on WeChat, where words cost nothing, is told of 没用."""
    why = asked.reason_of(found.kind, found.refusal, found.confidence, found.margin)
    if why != asked.UNSURE or not context.pictures:
        return ()
    return (wording.part("feedback.hint"),)


def note(
    session: Session,
    vault: Vault,
    turn_id: str,
    context: TurnContext,
    decision: Decision,
    now: datetime,
) -> None:
    """Keep what a curator should see of this turn. Danger and despair never get here.

    Nor does anything of somebody who has not agreed that what she sends is kept.
    """
    if decision.level >= Level.URGENT or context.held or not context.sender.kept:
        return
    question = _question(decision)
    if question is None and decision.rated is None:
        return
    # What the turn itself wrote must fail by itself, not in here.
    session.flush()
    try:
        with session.begin_nested():
            if decision.rated is not None:
                _mark(session, vault, decision.rated, context, now)
            elif question is not None:
                asked.keep(session, vault, turn_id, question, _asker(context), now)
    except Exception as error:  # noqa: BLE001 - a curator's row must never cost a patient's reply
        log.warning("question.not_kept", turn_id=turn_id, error=type(error).__name__)


def _mark(session: Session, vault: Vault, said: Rated, context: TurnContext, now: datetime) -> None:
    """The answer of an earlier turn helped, or did not."""
    if said.helpful:
        asked.helpful(session, vault, said.turn_id)
    else:
        asked.unhelpful(session, vault, said.turn_id, _asker(context), now)


def _question(decision: Decision) -> Question | None:
    """What was told rather than asked is no gap of the library; what was answered counts all the same."""
    query = decision.query
    if query is None or feedback_of(query.text) is not None:
        return None
    if decision.route is not Route.ANSWER and query.kind != _ANSWER:
        return None
    why = asked.reason_of(query.kind, query.refusal, query.confidence, query.margin)
    if why is None:
        return None
    return Question(query.text, why, query.refusal, query.articles, query.confidence)


def _asker(context: TurnContext) -> Asker:
    sender = context.sender
    return Asker(
        person_ids=tuple(who.person_id for who in context.members),
        conditions=frozenset(str(one) for one in sender.background.conditions),
        age=sender.background.age,
        facility_id=sender.facility_id,
    )
