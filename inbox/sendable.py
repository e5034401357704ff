"""What can still be sent to an address and until when, in a sentence for whoever writes."""

from __future__ import annotations

from datetime import datetime

from inbox import moments
from inbox.offers import ONLY_TEMPLATES, WORDS, Offer, Offers
from inbox.standing import Standing
from records.dossier import Contact
from records.subscriptions import LONG_TERM, NO_LEAVE

WECHAT, SMS = "wechat", "sms"


def window_of(contact: Contact, now: datetime, offers: Offers) -> Standing:
    """What can still be sent on this address, and until when."""
    if contact.channel != WECHAT:
        return _plain(contact, offers)
    if contact.unfollowed:
        return Standing("已取消关注，微信发不到，请打电话", "alarming")
    if contact.window_until is None or contact.window_until <= now or contact.window_left <= 0:
        return _outside(contact, offers.reply)
    until = moments.clock(contact.window_until, now)
    return Standing(f"微信还能直接发 {contact.window_left} 条，到{until}为止", "calm")


def reminders_of(contact: Contact, offers: Offers) -> str:
    """Whether reminders still get through once the window is shut; nothing where that is no question."""
    if contact.channel != WECHAT or contact.unfollowed or offers.reminder is None:
        return ""
    if not offers.reminder.needs_leave:
        return "随访提醒：窗口关了也能发"
    leave = contact.leaves.get(offers.reminder.template_id, NO_LEAVE)
    if not leave.may_send(offers.reminder.kind):
        return "随访提醒：病人没有同意收，窗口关了发不到"
    if offers.reminder.kind == LONG_TERM:
        return "随访提醒：病人长期同意收"
    return f"随访提醒：病人还同意收 {leave.credits} 条"


def _plain(contact: Contact, offers: Offers) -> Standing:
    if contact.channel != SMS or offers.sms == WORDS:
        return Standing("可以直接发", "calm")
    if offers.sms == ONLY_TEMPLATES:
        return Standing("短信只发得出常用回复，您自己写的发不过去：请打电话说", "waiting")
    return Standing("没有开通短信，发不到，请打电话", "alarming")


def _outside(contact: Contact, reply: Offer | None) -> Standing:
    """The window is shut: what announces a doctor's words, if anything may."""
    if reply is None:
        return Standing("微信窗口已关：等病人再发消息才看得到，急事请打电话", "waiting")
    if not reply.needs_leave:
        return Standing(
            "微信窗口已关：只能先发“医生已回复”的提醒，病人点开后才看得到全文", "waiting"
        )
    leave = contact.leaves.get(reply.template_id, NO_LEAVE)
    if not leave.may_send(reply.kind):
        return Standing(
            "微信窗口已关，病人也没有同意收提醒：等病人再发消息才看得到，急事请打电话", "alarming"
        )
    times = "" if reply.kind == LONG_TERM else f"，还能提醒 {leave.credits} 次"
    return Standing(
        f"微信窗口已关：只能先发“医生已回复”的提醒{times}，病人点开后才看得到全文", "waiting"
    )
