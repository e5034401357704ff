"""Sentences about the ways out: why a message waits, what an alarm is about, how much is left."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from channels.templates import registry
from inbox.outcomes import Meaning, meaning_of
from inbox.words import because, label, word, words_of
from records import alarms
from records.channel_board import Tally, Way
from records.tables import OperatorAlarm
from records.unsent import Heap

_FACTS = ("accepted", "delivered", "never", "channel_closed", "retry", "operator", "unknown")
_UNITS = {"sms": "条", "cny": "元", "usd": "美元"}


def name_of(provider: str) -> str:
    """阿里云短信; with the account, where it is not the only one."""
    kind, _, account = provider.partition(":")
    known = label("provider", kind)
    return known if account in ("", "main") or kind in ("wechat", "wecom") else f"{known} {account}"


def subject_of(alarm: OperatorAlarm) -> str:
    """What an alarm is about: a provider, a kind of message, a template. Nobody's number."""
    provider, _, template = alarm.subject.partition("/")
    match alarm.kind:
        case alarms.FUSE | alarms.STOPPED | alarms.UNKNOWN_SENDS | alarms.UNPLACED:
            return ""
        case alarms.DOCTOR_SMS:
            return alarm.subject
        case alarms.OLDEST_UNSENT:
            return word("purpose", alarm.subject)
        case alarms.TEMPLATE:
            return f"{name_of(provider)}，{stands_for(template)}"
        case _:
            return name_of(alarm.subject)


def meaning_of_alarm(alarm: OperatorAlarm) -> Meaning:
    """What its code says, and what to do: the code's own advice first, else that of the alarm."""
    detail = alarm.detail
    code = detail.get("reason") or detail.get("code") or ""
    found = meaning_of(alarm.subject, str(code))
    listed = bool(found.code) and found.says != word("code_says", "unlisted")
    advice = found.do if listed and found.do else word("alarm_do", alarm.kind)
    return Meaning(found.code, found.says if found.code else "", advice)


def held_by(reason: str) -> str:
    """Why a message waits."""
    known = words_of("waiting_reason")
    return known[reason] if reason in known else because(reason)


def stands_for(template: str) -> str:
    """What a template is for, in the words it was registered with."""
    ours = registry()
    return ours.template(template).note if template in ours else template


def spelled(tally: Tally) -> str:
    """收下 12，送到 30，没发出 2: what came back, leaving out what did not happen."""
    told = [
        f"{word('tally', result)} {tally.by_result[result]}"
        for result in (*_FACTS, "under_way")
        if tally.by_result.get(result)
    ]
    return "，".join(told)


def pace(way: Way) -> str:
    """How fast it went within the last hour."""
    if not way.hour.tries:
        return "最近一小时没有发"
    seconds = "" if way.seconds is None else f"，对方平均 {way.seconds:.1f} 秒回话"
    return f"最近一小时 {way.hour.tries} 次（{spelled(way.hour)}）{seconds}"


def money(way: Way) -> str:
    """What is left on the account."""
    row = way.state
    if row is None or row.balance is None:
        return ""
    unit = row.balance_unit or ""
    return f"{row.balance:g} {_UNITS.get(unit, unit)}"


def by_purpose(waiting: Iterable[Heap]) -> list[tuple[str, int, list[Heap]]]:
    """What waits, under its purpose."""
    ordered = sorted(waiting, key=lambda heap: heap.purpose)
    groups = [
        (purpose, list(heaps)) for purpose, heaps in groupby(ordered, key=lambda heap: heap.purpose)
    ]
    return [(purpose, sum(heap.count for heap in heaps), heaps) for purpose, heaps in groups]


def missing(ways: Iterable[Way]) -> tuple[str, ...]:
    """The kinds of ways that are not set up: words for what that means."""
    kinds = {way.kind for way in ways if way.set_up}
    absent = [] if "wechat" in kinds else ["wechat"]
    if not kinds & {"aliyun", "tencent", "kannel", "gammu", "twilio"}:
        absent.append("sms")
    return tuple(absent)
