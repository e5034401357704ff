"""What of a turn goes to the curators: a question that was not answered well, without who asked it.

Whatever happens here, the patient's reply goes out: a question that cannot be kept is left.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from agent import wording
from agent.context import TurnContext
from agent.decision import Decision, Part, Query, Route
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
    try:
        with session.begin_nested():
            _note(session, vault, turn_id, context, decision, now)
    except Exception as error:  # noqa: BLE001 - a curator's row must never cost a patient's reply
        log.warning("question.not_kept", turn_id=turn_id, error=type(error).__name__)


def _note(
    session: Session,
    vault: Vault,
    turn_id: str,
    context: TurnContext,
    decision: Decision,
    now: datetime,
) -> None:
    said = decision.rated
    if said is not None and said.helpful:
        asked.helpful(session, vault, said.turn_id)
    elif said is not None:
        asked.unhelpful(session, vault, said.turn_id, _asker(context), now)
    elif decision.query is not None and _is_question(decision, decision.query):
        _keep(session, vault, turn_id, context, decision.query, now)


def _is_question(decision: Decision, query: Query) -> bool:
    """What was told rather than asked is no gap of the library; what was answered counts all the same."""
    if feedback_of(query.text) is not None:
        return False
    return decision.route is Route.ANSWER or query.kind == _ANSWER


def _keep(
    session: Session,
    vault: Vault,
    turn_id: str,
    context: TurnContext,
    query: Query,
    now: datetime,
) -> None:
    why = asked.reason_of(query.kind, query.refusal, query.confidence, query.margin)
    if why is None:
        return
    question = Question(query.text, why, query.refusal, query.articles, query.confidence)
    asked.keep(session, vault, turn_id, question, _asker(context), now)


def _asker(context: TurnContext) -> Asker:
    sender = context.sender
    return Asker(
        person_ids=tuple(who.person_id for who in context.members),
        conditions=frozenset(str(one) for one in sender.background.conditions),
        age=sender.background.age,
        facility_id=sender.facility_id,
    )
