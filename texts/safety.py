"""The whole safety text: what to do now, whether somebody is on duty, and where to phone."""

from __future__ import annotations

from care.level import Level
from texts.catalogue import Channel, render


def safety_reply(
    advice: str,
    level: Level,
    *,
    on_duty: bool,
    phone: str | None = None,
    channel: Channel = Channel.WECHAT,
) -> str:
    """Joins the advice, the honest duty sentence and, on WeChat, the clinic's number.

    Args:
        advice: `Assessment.advice` of an urgent or emergency assessment.
        level: its level; decides which duty sentence is true to the wait.
        on_duty: whether the escalation has found somebody who is on duty now.
        phone: the clinic's number; never sent by SMS, where providers refuse it.
        channel: where the text goes.
    """
    duty = "on_duty" if on_duty else "nobody_on_duty"
    suffix = "" if level is Level.EMERGENCY else "_urgent"
    parts = [render(advice), render(f"safety.{duty}{suffix}")]
    if phone and channel is Channel.WECHAT:
        parts.append(render("safety.clinic_phone", phone=phone))
    return "".join(parts)
