"""Sentences about how things stand: the clock of a case, a task's cause, a message, a reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from care.escalation import ladder, roles_at
from care.protocol import protocol
from inbox import moments
from inbox.moments import age
from inbox.words import because, label, word
from records.caseload import Heading
from records.dossier import Dossier
from records.duties import Job
from records.escalations import ACKNOWLEDGED, OPEN
from records.readings import as_reading
from records.tables import StoredReading
from records.talk import Bubble

_SETTLED_WELL = frozenset({"accepted", "delivered", "passive"})
_LOOKED_AFTER = frozenset({"active", "away"})
_UNDER_WAY = frozenset({"queued", "sending"})
# Further away than this, a time of day says more than a number of minutes.
_COUNTED_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """A short sentence, and how it should look: calm, waiting or alarming."""

    text: str
    tone: str


def clock_of(case: Heading, now: datetime) -> Standing:
    """Who has the case, or how long until it goes to the next one."""
    if case.state == ACKNOWLEDGED:
        who = case.acknowledged_by or "已有人"
        return Standing(f"{who} 已认领", "calm")
    if case.state != OPEN:
        return Standing(word("outcome", case.outcome), "calm")
    if case.next_escalation_at is None:
        return Standing("没人认领", "waiting")
    left = moments.minutes_left(case.next_escalation_at, now)
    next_step = next_roles(case)
    if left <= 0:
        return Standing(f"正在{next_step}", "alarming")
    if left >= _COUNTED_MINUTES:
        return Standing(f"{moments.clock(case.next_escalation_at, now)} {next_step}", "waiting")
    return Standing(f"还有 {left} 分钟{next_step}", "alarming")


def next_roles(case: Heading) -> str:
    """Whom the ladder rings next, in words. After its end it begins again."""
    rungs = ladder(case.level)
    if rungs is None:
        return "提醒"
    words = (word("next_role", role) for role in roles_at(rungs, case.step + 1))
    return "、".join(dict.fromkeys(words))


def cause_of(job: Job) -> str:
    """Why there is a task, in words."""
    code, _, detail = job.reason.partition(":")
    known = word("task_reason", code)
    text = label("reason", code) if known == code else known
    return f"{text}（{because(detail)}）" if detail else text


def lacks_emergency(person: Dossier, now: datetime) -> bool:
    """Somebody old whom nobody would be told about. Only people we look after are asked."""
    years = age(person.born_on, now)
    old = years is not None and years >= protocol().number("elderly_age")
    return old and person.emergency is None and person.status in _LOOKED_AFTER


def delivery_of(bubble: Bubble) -> Standing:
    """Where an outbound message stands."""
    text = word("delivery", bubble.state)
    if bubble.route:
        text = f"{word('channel', bubble.route)} · {text}"
    if bubble.reason and bubble.state not in _SETTLED_WELL:
        text = f"{text}（{because(bubble.reason)}）"
    if bubble.state in _SETTLED_WELL:
        return Standing(text, "calm")
    return Standing(text, "waiting" if bubble.state in _UNDER_WAY else "alarming")


def value_of(reading: StoredReading) -> str:
    """The number as the meter shows it."""
    about = "约 " if reading.approximate else ""
    return f"{about}{as_reading(reading)}"


def measured(reading: StoredReading) -> str:
    """What was measured: 血压, 空腹血糖."""
    if reading.context:
        return label("glucose", reading.context)
    return label("kind", reading.kind)
