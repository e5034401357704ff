"""An answer in the article's own words, or in a model's when the guard lets them pass.

The model rewords what the article states; when to see the doctor, the source and the labels are put
behind it as they stand, so that no model can leave them out.
"""

from __future__ import annotations

import structlog

from agent import wording
from agent.context import TurnContext
from agent.decision import Mode, Part
from agent.guarding.verdict import Ground, refused
from agent.state import TurnState
from knowledge.answer import Answer, Citation

log = structlog.get_logger()

# Long enough for WeChat, short enough to be read on a small screen.
REWORD_LIMIT = 240
_SOURCES = "（来源："


def told(question: str, found: Answer, state: TurnState, context: TurnContext) -> TurnState:
    """What is said of an answer that was found."""
    own: TurnState = {
        "parts": (Part("answer.passage", for_channel(found, context)),),
        "citations": found.citations,
        "answered": True,
        "mode": Mode.RETRIEVAL,
    }
    if context.model is None or context.sms:
        # By SMS goes the short form, which no model may lengthen.
        return own
    return {**own, **_reworded(question, found, state, context)}


def for_channel(found: Answer, context: TurnContext) -> str:
    """The answer's own text; by SMS the form that fits two of them."""
    return found.short if context.sms and found.short else found.text


def _reworded(question: str, found: Answer, state: TurnState, context: TurnContext) -> TurnState:
    passages, advice = passages_of(found)
    if context.model is None or not passages:
        return {}
    ground = Ground(passages, advice, _values(state, context))
    if (poisoned := ground.unfit()) is not None:
        return _own_words(poisoned)
    conditions = frozenset(str(name) for name in context.sender.background.conditions)
    made = context.model.reword(question, passages, conditions, REWORD_LIMIT)
    if made is None:
        return _own_words("no_answer")
    if not made.used or not set(made.used) <= set(range(len(passages))):
        return _own_words("no_citation")
    used = tuple(passages[number] for number in sorted(set(made.used)))
    why = refused(made.text, ground.on(used), REWORD_LIMIT)
    if why is not None:
        return _own_words(why)
    part = Part("answer.reworded", _with_labels(made.text, advice, used, pending=found.pending))
    return {"parts": (part,), "citations": used, "mode": Mode.MODEL}


def passages_of(found: Answer) -> tuple[tuple[Citation, ...], str]:
    """What a model may reword, and the advice that stays as it is.

    An answer that is not made of its citations' sentences (a food's) is one passage.
    """
    stated = found.text.rpartition(_SOURCES)[0] or found.text
    said = "".join(citation.passage for citation in found.citations)
    if found.citations and stated.startswith(said):
        return found.citations, stated[len(said) :]
    first = next(iter(found.citations), None)
    return ((Citation(first.article, first.source, stated),), "") if first else ((), "")


def _values(state: TurnState, context: TurnContext) -> frozenset[float]:
    """The numbers of the sender's own record."""
    mine = context.sender.person_id
    new = (one.reading for one in state["record"].readings if one.person_id == mine)
    values = (
        value
        for reading in (*new, *(past.reading for past in context.sender.past))
        for value in (reading.systolic, reading.diastolic, reading.value)
    )
    return frozenset(float(value) for value in values if value is not None)


def _own_words(reason: str) -> TurnState:
    """The article's own text stands. The reason is a code; no word of anybody is logged."""
    log.info("reword.refused", reason=reason)
    return {}


def _with_labels(text: str, advice: str, used: tuple[Citation, ...], *, pending: bool) -> str:
    sources = sorted({citation.source for citation in used})
    labels = (
        *(wording.part("answer.source_label", source=source).text for source in sources),
        *([wording.part("answer.pending_label").text] if pending else []),
        wording.part("answer.ai_label").text,
    )
    return "\n".join(piece for piece in (text, advice, *labels) if piece)
