"""The answer route: a sourced passage, a refusal with its kind, or the promise to ask the doctor."""

from __future__ import annotations

import re

from langgraph.runtime import Runtime

from agent import rewording, wording
from agent.context import TurnContext
from agent.conversing import asker, codes, lean_of
from agent.decision import Mode, Part, Route, TaskWish
from agent.state import TurnState
from agent.unanswered import may_be_marked, query
from care.level import Level
from knowledge.answer import Answer
from knowledge.leaning import Lean
from language.normalise import normalise
from records.concerns import MODEL_CONCERN
from records.tasks import READ_MESSAGE
from texts.safety import safety_reply

# A question about a lethal amount: an alarm, not a refusal.
CRISIS = "crisis"
REFUSALS = {
    "dose_change": "answer.refuse_dose",
    "prescription": "answer.refuse_prescription",
    "other_disease": "answer.refuse_other_disease",
    "image_diagnosis": "answer.refuse_image",
    "hospital_price": "answer.refuse_price",
    "chitchat": "answer.refuse_chitchat",
    "off_topic": "answer.refuse_chitchat",
    "ad": "answer.refuse_ad",
    "injection": "answer.refuse_injection",
    "record_tampering": "answer.refuse_delete_record",
}
# Refusals that a doctor should see; the others concern nobody's health.
_FOR_THE_DOCTOR = {"despair", "dose_change", "prescription", "image_diagnosis"}

_TWO_ASKED = re.compile(
    r"(?:能不能|可不可以|能否)(?!吃|喝)[^,，。？?]{2,8}[,，。？?]\s*(?:还)?(?:能不能|可不可以|能否)(?!吃|喝)"
)
# 还能再减吗 behind a food is about the food, which only the library knows.
_ASKED_TOO = {"dose_change"}


def answer(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Answer the question, after saying what was recorded."""
    context = runtime.context
    said = wording.recorded(state, context) or wording.clarification(state)
    found = refuse(state, context) or look_up(state, context)
    if found.get("level"):
        return found
    parts = (*said, *found["parts"])
    return {**found, "route": Route.ANSWER, "parts": parts}


def refuse(state: TurnState, context: TurnContext) -> TurnState | None:
    """The refusal of what was told rather than asked; a question is the library's to refuse."""
    kind = state.get("refused")
    if kind is None or (state["heed"].understood.question and kind in _ASKED_TOO):
        return None
    answer = Answer("refusal", kind, confidence=1.0)
    return {**_refused(kind, context), "query": query(state["heed"].text, answer)}


def look_up(state: TurnState, context: TurnContext) -> TurnState:
    """Ask the library, and let the model reword what it found."""
    question, who = _question(state), asker(state, context)
    found = context.answers.answer(
        question,
        conditions=who.conditions,
        now=context.now,
        ailments=who.ailments,
        topic=who.topic,
    )
    if found.ask_back:
        return {"parts": (wording.part("follow.ask_back"),)}
    return {
        **_told(question, found, state, context),
        "talk": codes(found.topic, who.about),
        "query": query(state["heed"].text, found),
    }


def _told(question: str, found: Answer, state: TurnState, context: TurnContext) -> TurnState:
    if found.kind == "answer":
        told = _with_more(rewording.told(question, found, state, context), found, state, context)
        return {**told, "parts": (*told["parts"], *may_be_marked(found, context))}
    if found.kind == "refusal":
        if found.refusal == CRISIS and _asked_by_model(state):
            return _worry()
        return _refused(found.refusal or "", context)
    if found.text:
        return {
            "parts": (Part("answer.passage", rewording.for_channel(found, context)),),
            "citations": found.citations,
            "answered": True,
            "mode": Mode.RETRIEVAL,
        }
    return {
        "parts": (wording.part("answer.not_known"),),
        "tasks": (_to_doctor(context, "not_known"),),
    }


def _with_more(said: TurnState, found: Answer, state: TurnState, context: TurnContext) -> TurnState:
    """What else is said: that more was asked than is answered, and who explains it better."""
    if lean_of(state["heed"].text, context) is Lean.SIMPLER:
        more: TurnState = {**said, "parts": (*said["parts"], wording.part("follow.still_unclear"))}
        return {**more, "rated": context.rated} if context.rated else more
    if found.left > 0 or _half_answered(found, state):
        return {**said, "parts": (*said["parts"], wording.part("follow.one_more"))}
    return said


def _half_answered(found: Answer, state: TurnState) -> bool:
    """能不能…，能不能… was asked, and one article speaks; foods are answered together."""
    asked = _TWO_ASKED.search(state["heed"].text)
    return len(found.citations) == 1 and asked is not None


def _asked_by_model(state: TurnState) -> bool:
    hint = state.get("hint")
    return hint is not None and bool(hint.question)


def _worry() -> TurnState:
    """A model put the question so: that brings a doctor, and is no emergency by itself."""
    return {
        "route": Route.ALARM,
        "level": Level.URGENT,
        "reasons": (MODEL_CONCERN,),
        "parts": (wording.part("safety.general_urgent"),),
    }


def _crisis(context: TurnContext) -> TurnState:
    """Somebody asks how much would be enough: a human being is called, nothing is explained."""
    key = "safety.suicide"
    text = safety_reply(key, Level.EMERGENCY, on_duty=context.on_duty, phone=context.clinic_phone)
    return {
        "route": Route.ALARM,
        "level": Level.EMERGENCY,
        "reasons": ("suicidal",),
        "parts": (Part(key, text),),
    }


def _refused(kind: str, context: TurnContext) -> TurnState:
    if kind == CRISIS:
        return _crisis(context)
    tasks = (_to_doctor(context, kind),) if kind in _FOR_THE_DOCTOR else ()
    return {"parts": (wording.part(REFUSALS.get(kind, "answer.not_known")),), "tasks": tasks}


def _question(state: TurnState) -> str:
    hint = state.get("hint")
    if hint is not None and hint.question:
        return hint.question
    # The articles ask in standard words: 点解朝早血糖高 is 为什么早上血糖高.
    text, standard = state["heed"].text, state["heed"].understood.standard
    return standard if standard != normalise(text).text else text


def _to_doctor(context: TurnContext, reason: str) -> TaskWish:
    message_id = context.messages[-1].message_id
    return TaskWish(
        kind=READ_MESSAGE,
        reason=reason,
        cause=message_id,
        person_id=context.sender.person_id,
        message_id=message_id,
    )
