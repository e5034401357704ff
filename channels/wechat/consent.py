"""What people agree to be sent: the three events of WeChat's subscription messages.

wechatpy knows none of them, so they are read from the raw fields: a nested List that holds one entry,
or many. An entry that makes no sense is left out; the event as a whole is still kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from channels.wechat.account import WeChatAccount
from records import subscriptions
from records.outbound import Receipt
from records.subscriptions import Choice

POPUP, CHANGE, SENT = (
    "subscribe_msg_popup_event",
    "subscribe_msg_change_event",
    "subscribe_msg_sent_event",
)
# The element that holds the list is called like the event, in camel case.
HOLDERS: Mapping[str, str] = {
    POPUP: "SubscribeMsgPopupEvent",
    CHANGE: "SubscribeMsgChangeEvent",
    SENT: "SubscribeMsgSentEvent",
}
# What is said in the question itself, and what in the phone's settings, where a no is for good.
_MARKS: Mapping[str, Mapping[str, str]] = {
    POPUP: {
        "accept": subscriptions.YES,
        "reject": subscriptions.NO,
        "ban": subscriptions.BARRED,
    },
    CHANGE: {
        "accept": subscriptions.ALLOWED,
        "reject": subscriptions.FORBIDDEN,
        "ban": subscriptions.BARRED,
    },
}
_LONGEST = 128
_MOST = 20


def choices(event: str, fields: Mapping[str, Any], account: WeChatAccount) -> tuple[Choice, ...]:
    """What a person chose, template by template."""
    marks = _MARKS[event]
    return tuple(
        Choice(template_id, account.kind_of(template_id), marks[answer])
        for template_id, answer in _pairs(event, fields, "SubscribeStatusString")
        if answer in marks
    )


def receipts(
    fields: Mapping[str, Any], account: WeChatAccount, at: datetime
) -> tuple[Receipt, ...]:
    """What became of subscription messages that were sent.

    The platform does not always tell a message's id when it takes it: such a receipt is matched by
    which template it is about.
    """
    found = []
    for entry in _entries(SENT, fields):
        provider_id, code = _word(entry, "MsgID"), _word(entry, "ErrorCode")
        if not provider_id or not code:
            continue
        status = _word(entry, "ErrorStatus")
        found.append(
            Receipt(
                provider_id,
                delivered=code == "0",
                code=(status if code == "0" else code) or code,
                provider=account.provider,
                at=at,
                templates=account.names_of(_word(entry, "TemplateId")),
            )
        )
    return tuple(found)


def listed(event: str, fields: Mapping[str, Any]) -> list[list[str]]:
    """The entries as codes and ids, to tell events apart and to keep."""
    names = ("MsgID", "ErrorCode") if event == SENT else ("SubscribeStatusString",)
    return [
        [_word(entry, "TemplateId"), *(_word(entry, name) for name in names)]
        for entry in _entries(event, fields)
    ]


def _pairs(event: str, fields: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    for entry in _entries(event, fields):
        template_id, value = _word(entry, "TemplateId"), _word(entry, name).lower()
        if template_id and value:
            yield template_id, value


def _entries(event: str, fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """One entry is no list in XML, several are; JSON accounts put the list at the top."""
    holder = fields.get(HOLDERS[event])
    found = (holder if isinstance(holder, dict) else fields).get("List", [])
    entries = found if isinstance(found, list) else [found]
    return [entry for entry in entries[:_MOST] if isinstance(entry, dict)]


def _word(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""
