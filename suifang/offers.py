"""What this installation can send while no chat is open: for the sentence a doctor reads before writing."""

from __future__ import annotations

from channels.wechat.account import WeChatAccount
from inbox.offers import NO_SMS, ONLY_TEMPLATES, WORDS, Offer, Offers
from suifang import wechat
from suifang.settings import Settings

# These carry whatever a doctor writes; a cloud carries what was registered with it.
_FREE_WORDS = frozenset({"kannel", "gammu", "twilio"})


def offers_of(settings: Settings) -> Offers:
    """Read from the settings; nothing is asked."""
    account = wechat.account(settings)
    return Offers(
        reply=_offer(account, "reply_waiting"),
        reminder=_offer(account, "followup_due"),
        sms=_sms(settings.sms_route),
    )


def _offer(account: WeChatAccount | None, name: str) -> Offer | None:
    if account is None or account.template(name) is None:
        return None
    return Offer(account.id_of(name), account.kind(name))


def _sms(route: tuple[str, ...]) -> str:
    if not route:
        return NO_SMS
    return WORDS if _FREE_WORDS & set(route) else ONLY_TEMPLATES
