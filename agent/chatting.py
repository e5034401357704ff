"""The chat route: commands, media, hello, and everything that is neither question nor follow-up."""

from __future__ import annotations

import re
from collections.abc import Callable

from langgraph.runtime import Runtime

from agent import answering, listening, photos, wording
from agent.asking import ask_doctor
from agent.by_sms import STALE
from agent.context import TurnContext
from agent.decision import Part, Route, TaskWish
from agent.hearing import words_of
from agent.own_words import my_values
from agent.rating import about_nothing, is_rating, thanked_or_sorry
from agent.reminder_hour import hour_told, set_hour
from agent.state import TurnState
from language.understanding import Intent, Understanding
from records.tasks import READ_MESSAGE

# After these a routine advice may follow; the others ask something, or advise themselves.
_TELL_ONLY_THE_VALUE = {
    "reading.recorded",
    "reading.recorded_ok",
    "reading.recorded_many",
    "reading.corrected",
    "reading.for_other",
}
# Refusals that would only puzzle somebody who asked nothing.
_NOT_WORTH_SAYING = {"answer.not_known", "answer.refuse_chitchat"}
_THANKS = re.compile(
    r"(?:[好嗯哦行]的?)?(?:太|真是?|非常|十分)?(?:谢谢?|多谢|感谢|难为|麻烦)[你您了啊哈呀哦嘞咧啦哟的医生大夫小助手姑娘真很太有用管用帮助好使多得,，。!！~\s]*"
)
_GRIEF = re.compile(
    r"(?:老伴|老头|老婆子?|爱人|男人|丈夫|妻子|儿子|女儿|闺女|[爹娘爸妈]|父亲|母亲|兄弟|姐妹|亲人)(?:刚刚?|才|前几天|上个?月|去年)?(?:走了?|去世|过世|没了|不在了)"
)
_MISSED = re.compile(r"睡不着|吃不下|难过|伤心|想(?:他|她|哭)|心里(?:空|堵|苦)|天天哭|老是?哭")
_PHONE = re.compile(r"\s*(?:\+?86)?\s*1[3-9]\d{9}\s*")
_MEDIA = {
    "voice": "media.voice_received",
    "image": "media.image_received",
    "location": "media.location_received",
}


def chat(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Say the one fitting thing."""
    context = runtime.context
    understood = state["heed"].understood
    command = _COMMANDS.get(understood.intent)
    if command is None and hour_told(state, context) is not None:
        command = set_hour
    if command is None and is_rating(state, context):
        command = thanked_or_sorry
    said: TurnState = command(state, context) if command else {"parts": ()}
    if not said["parts"]:
        said = {**said, "parts": _about_values(state, context)}
        if any(part.key == "reading.for_other" for part in said["parts"]):
            said["awaiting"] = {"name": True}
    if not said["parts"]:
        said = _media(context) or _rest(state, context, understood)
    if said.get("level"):
        return said
    return {**said, "route": Route.CHAT}


def _about_values(state: TurnState, context: TurnContext) -> tuple[Part, ...]:
    """What was recorded, the routine advice that goes with it, and what must be asked back."""
    recorded = wording.recorded(state, context)
    asked = wording.clarification(state)
    advice = state.get("advice") or ""
    told = any(part.key not in _TELL_ONLY_THE_VALUE for part in recorded)
    if set(state["reasons"]) == {"other"} and not recorded and _grieves(state):
        return (wording.part("chat.grief"),)
    if advice.startswith("routine.") and not told and not asked:
        return (*recorded, wording.part(advice))
    return (*recorded, *asked)


def _felt(state: TurnState) -> TurnState | None:
    """Grief and thanks, in whatever words."""
    if _grieves(state):
        return {"parts": (wording.part("chat.grief"),)}
    if _THANKS.fullmatch(state["heed"].text.strip()):
        return {"parts": (wording.part("chat.thanks"),)}
    return None


def _grieves(state: TurnState) -> bool:
    """老伴刚走，睡不着吃不下: somebody is mourned, and that is what it is about."""
    text = state["heed"].text
    return _GRIEF.search(text) is not None and _MISSED.search(text) is not None


def _media(context: TurnContext) -> TurnState | None:
    """Thanks for a photo or a voice message, which a doctor looks at until it can be understood."""
    files = (m for m in context.messages if m.kind not in ("text", "event"))
    heard = next((m for m in files if not words_of(m)), None)
    if heard is None:
        return None
    known = wording.part(_MEDIA.get(heard.kind, "media.unsupported"))
    return {"parts": (listening.unheard(heard) or photos.unread(heard) or known,)}


def _rest(state: TurnState, context: TurnContext, understood: Understanding) -> TurnState:
    if understood.no_symptoms:
        return {"parts": (wording.part("chat.no_symptoms"),)}
    if understood.medicine_taken is not None or _changed_by_a_doctor(understood):
        return {"parts": (wording.part("chat.noted"),)}
    if not state["heed"].text.strip():
        return {"parts": ()} if _only_quiet_events(context) else _welcome(context)
    told = _felt(state) or _told_us(state, context) or _agreed(understood, context)
    if told is not None:
        return told
    found = answering.look_up(state, context)
    if found.get("answered") or not _puzzling(found):
        return found
    return _unclear(context)


def _changed_by_a_doctor(understood: Understanding) -> bool:
    """医生把药改成两片了: told, not asked, and no value to be sent again."""
    return understood.corrects and wording.of_a_medicine(understood)


def _puzzling(found: TurnState) -> bool:
    """A refusal of something that was only told, by its likeness to what is refused."""
    if found["parts"][0].key in _NOT_WORTH_SAYING:
        return True
    asked = found.get("query")
    alike = asked is not None and asked.kind == "refusal" and not asked.confidence
    return alike and not found.get("tasks")


def _unclear(context: TurnContext) -> TurnState:
    heard = listening.not_understood(context)
    if heard:
        return {"parts": heard, "tasks": listening.to_listen_to(context, meaningless=True)}
    return {"parts": (wording.part("chat.unclear"),)}


def _told_us(state: TurnState, context: TurnContext) -> TurnState | None:
    """A phone number, or the name and village that were asked for: a doctor reads them."""
    text = state["heed"].text
    if state.get("introduction") is not None:
        return {"parts": (wording.part("stranger.waiting"),)}
    if _PHONE.fullmatch(text):
        key, reason = "chat.phone_noted", "phone"
    elif context.awaiting.get("name"):
        if not context.sender.identified:
            return {"parts": (wording.part("stranger.waiting"),)}
        key, reason = "stranger.waiting", "stranger"
    else:
        return about_nothing(state)
    return {"parts": (wording.part(key),), "tasks": (_to_read(context, reason),)}


def _agreed(understood: Understanding, context: TurnContext) -> TurnState | None:
    """好的, said to an answer: nothing was asked that could be agreed to, or it was long ago."""
    if context.awaiting.get(STALE) and understood.intent in (Intent.CONFIRM, Intent.DENY):
        return {"parts": (wording.part("late.ask"),)}
    if understood.intent is not Intent.CONFIRM:
        return None
    return {"parts": (wording.part("follow.fine"),)}


def _to_read(context: TurnContext, reason: str) -> TaskWish:
    message_id = context.messages[-1].message_id
    return TaskWish(READ_MESSAGE, reason, message_id, context.sender.person_id, message_id)


def _only_quiet_events(context: TurnContext) -> bool:
    return all(heard.event.get("event") not in ("subscribe", "SCAN") for heard in context.messages)


def _welcome(context: TurnContext) -> TurnState:
    return {"parts": (wording.part("welcome.follow", clinic=context.clinic_name or "卫生院"),)}


def _stop(_state: TurnState, context: TurnContext) -> TurnState:
    """Opting out on WeChat is confirmed once, so that nobody leaves by a slip of the finger.

    By SMS it holds at once: where only templates travel nobody could be asked.
    """
    if context.awaiting.get("stop") or context.sms:
        return {"parts": (wording.part("stop.done"),), "opt_out": True}
    return {"parts": (wording.part("stop.confirm"),), "awaiting": {"stop": True}}


def _resume(_state: TurnState, _context: TurnContext) -> TurnState:
    return {"parts": (wording.part("stop.resume"),), "opt_out": False}


def _help(_state: TurnState, _context: TurnContext) -> TurnState:
    return {"parts": (wording.part("chat.help"),)}


def _thanks(_state: TurnState, _context: TurnContext) -> TurnState:
    return {"parts": (wording.part("chat.thanks"),)}


def _greeting(_state: TurnState, _context: TurnContext) -> TurnState:
    return {"parts": (wording.part("chat.greeting"),)}


def _withdraw(state: TurnState, _context: TurnContext) -> TurnState:
    if state["record"].withdraw:
        return {"parts": ()}
    return {"parts": (wording.part("reading.nothing_to_withdraw"),)}


_COMMANDS: dict[Intent, Callable[[TurnState, TurnContext], TurnState]] = {
    Intent.STOP: _stop,
    Intent.RESUME: _resume,
    Intent.DOCTOR: ask_doctor,
    Intent.HELP: _help,
    Intent.GREETING: _greeting,
    Intent.THANKS: _thanks,
    Intent.MY_READINGS: my_values,
    Intent.REMINDER_TIME: set_hour,
    Intent.WITHDRAW: _withdraw,
}
