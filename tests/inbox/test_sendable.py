"""What a doctor reads before writing: what still goes, until when, and when to phone instead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from inbox.offers import NO_SMS, ONLY_TEMPLATES, WORDS, Offer, Offers
from inbox.sendable import reminders_of, window_of
from records.dossier import Contact
from records.subscriptions import Leave
from records.times import CHINA

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)
BY_RIGHT = Offer("t", "template")
EACH_TIME, FOR_LONG = Offer("t", "one_time"), Offer("t", "long_term")
YES, LAST_ONE, NO = Leave("accepted", 2), Leave("accepted", 0), Leave("rejected", 0)
SHUT: dict[str, Any] = {"window_left": 0}


def a_contact(leave: Leave | None = None, **changes: Any) -> Contact:
    known: dict[str, Any] = {
        "id": "c",
        "channel": "wechat",
        "relation": "self",
        "stopped": False,
        "unfollowed": False,
        "window_until": NOW + timedelta(hours=1),
        "window_left": 3,
        "last_inbound_at": None,
        "leaves": {"t": leave} if leave else {},
    }
    return Contact(**{**known, **changes})


@pytest.mark.parametrize(
    ("contact", "offers", "said", "tone"),
    [
        (a_contact(), Offers(), "微信还能直接发 3 条，到今天 10:00为止", "calm"),
        (a_contact(unfollowed=True), Offers(), "已取消关注，微信发不到，请打电话", "alarming"),
        (a_contact(**SHUT), Offers(), "等病人再发消息才看得到", "waiting"),
        (a_contact(window_until=None), Offers(), "等病人再发消息才看得到", "waiting"),
        (a_contact(window_until=NOW), Offers(BY_RIGHT), "只能先发“医生已回复”", "waiting"),
        (a_contact(YES, **SHUT), Offers(EACH_TIME), "还能提醒 2 次", "waiting"),
        (a_contact(LAST_ONE, **SHUT), Offers(EACH_TIME), "没有同意收提醒", "alarming"),
        (a_contact(None, **SHUT), Offers(EACH_TIME), "没有同意收提醒", "alarming"),
        (a_contact(LAST_ONE, **SHUT), Offers(FOR_LONG), "只能先发“医生已回复”的提醒，", "waiting"),
        (a_contact(NO, **SHUT), Offers(FOR_LONG), "急事请打电话", "alarming"),
        (a_contact(channel="sms"), Offers(sms=WORDS), "可以直接发", "calm"),
        (a_contact(channel="sms"), Offers(sms=ONLY_TEMPLATES), "请打电话说", "waiting"),
        (a_contact(channel="sms"), Offers(sms=NO_SMS), "没有开通短信", "alarming"),
        (a_contact(channel="console"), Offers(sms=NO_SMS), "可以直接发", "calm"),
    ],
)
def test_what_can_still_be_sent(contact: Contact, offers: Offers, said: str, tone: str) -> None:
    found = window_of(contact, NOW, offers)
    assert said in found.text
    assert found.tone == tone


@pytest.mark.parametrize(
    ("contact", "offer", "said"),
    [
        (a_contact(), None, ""),
        (a_contact(channel="sms"), BY_RIGHT, ""),
        (a_contact(unfollowed=True), BY_RIGHT, ""),
        (a_contact(), BY_RIGHT, "随访提醒：窗口关了也能发"),
        (a_contact(YES), EACH_TIME, "随访提醒：病人还同意收 2 条"),
        (a_contact(YES), FOR_LONG, "随访提醒：病人长期同意收"),
        (a_contact(NO), FOR_LONG, "随访提醒：病人没有同意收，窗口关了发不到"),
        (a_contact(LAST_ONE), EACH_TIME, "随访提醒：病人没有同意收，窗口关了发不到"),
    ],
)
def test_whether_reminders_still_get_through(
    contact: Contact, offer: Offer | None, said: str
) -> None:
    assert reminders_of(contact, Offers(reminder=offer)) == said
