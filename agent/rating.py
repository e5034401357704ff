"""没用, 没听懂, 有用: said shortly after an answer, about it. Never about a medicine, never over danger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from agent import agreeing, binding, whose, wording
from agent.context import Heard, TurnContext
from agent.decision import Rated, Route
from agent.hearing import words_of
from agent.state import TurnState
from care.level import Level
from language.feedback import Feedback, feedback_of
from records import asked
from records.tables import ContactPoint, OutboundMessage, Turn
from records.vault import Vault

# So long after an answer its reader still means it.
_SHORTLY = timedelta(hours=2)
# The reply to these comes first, whatever it sounds like.
_ASKED = {"confirm", "name", "stop", "hour", binding.HELLO, agreeing.AGREE, whose.WHOSE}
# 没用 may answer "have you taken your medicine".
_FIELD = "field"
_KEYS = {True: "feedback.helpful", False: "feedback.unhelpful"}


@dataclass(frozen=True, slots=True)
class _Last:
    turn_id: str
    cited: bool


def rated(
    session: Session, vault: Vault, contact: ContactPoint, heard: Sequence[Heard], now: datetime
) -> Rated | None:
    """What these messages say of the answer before them; None when they say anything else."""
    kind = _said(heard)
    if kind is None or _ASKED & contact.awaiting.keys():
        return None
    if kind is Feedback.NO_USE and _FIELD in contact.awaiting:
        return None
    last = _last_answer(session, contact.id, now)
    if last is None:
        return None
    kept = last.cited or asked.holds(session, vault, last.turn_id)
    return Rated(last.turn_id, helpful=kind is Feedback.HELPFUL, kept=kept)


def thanked_or_sorry(_state: TurnState, context: TurnContext) -> TurnState:
    """One short reply, which promises nothing to whoever said it."""
    said = context.rated
    if said is None:
        return {"parts": ()}
    promised = said.kept and context.sender.kept
    key = _KEYS[said.helpful] if said.helpful or promised else "feedback.beyond"
    return {"parts": (wording.part(key),), "rated": said}


def is_rating(state: TurnState, context: TurnContext) -> bool:
    """Nothing else is in it: no value, no sign, no answer to what was asked."""
    if context.rated is None or context.held:
        return False
    understood = state["heed"].understood
    return not (understood.mentions or understood.findings or state["follow_ups"])


def about_nothing(state: TurnState) -> TurnState | None:
    """没用 and 有用 where nothing was answered: no article is looked up for them."""
    kind = feedback_of(state["heed"].text)
    if kind is None:
        return None
    key = "chat.thanks" if kind is Feedback.HELPFUL else "chat.unclear"
    return {"parts": (wording.part(key),)}


def _said(heard: Sequence[Heard]) -> Feedback | None:
    """Several messages must all say the same."""
    found = {feedback_of(words_of(one)) for one in heard}
    return found.pop() if len(found) == 1 else None


def _last_answer(session: Session, contact_id: str, now: datetime) -> _Last | None:
    """The turn before this one, if it answered a question and nobody has said anything since."""
    turn = session.exec(
        select(Turn)
        .where(Turn.contact_point_id == contact_id)
        .order_by(col(Turn.ended_at).desc(), col(Turn.id).desc())
        .limit(1)
    ).first()
    if turn is None or now - turn.ended_at > _SHORTLY or Level(turn.level) >= Level.URGENT:
        return None
    if not _answered(session, turn) or _spoken_since(session, turn):
        return None
    return _Last(turn.id, bool(turn.citations))


def _answered(session: Session, turn: Turn) -> bool:
    """A question was answered or refused, whichever part of the graph did it."""
    if turn.citations or turn.route == Route.ANSWER:
        return True
    told = select(OutboundMessage.text_key).where(OutboundMessage.turn_id == turn.id)
    return any(key.startswith("answer.") for key in session.exec(told).all())


def _spoken_since(session: Session, turn: Turn) -> bool:
    """A reminder, a lesson or a doctor came after it: then they may be meant."""
    since = (
        select(OutboundMessage.id)
        .where(OutboundMessage.contact_point_id == turn.contact_point_id)
        .where(col(OutboundMessage.created_at) > turn.ended_at)
        .where(col(OutboundMessage.turn_id).is_distinct_from(turn.id))
        .limit(1)
    )
    return session.exec(since).first() is not None
