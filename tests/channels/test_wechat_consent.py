"""What people agree to be sent: the platform's three events through the callback, into the ledger."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.wechat import consent
from channels.wechat.account import WeChatAccount
from channels.wechat.codec import read_xml
from channels.wechat.parse import parse
from records.outbound import Receipt
from records.subscriptions import LONG_TERM, ONE_TIME, Choice

OURS = WeChatAccount(
    "wx1",
    secret="",
    token="",
    aes_keys=(),
    templates={"followup_due": "tpl-due", "reply_waiting": "tpl-reply"},
    kinds={"followup_due": "long_term", "reply_waiting": "one_time"},
)


def fields(event: str, holder: str, *entries: str) -> Any:
    """An event as the platform writes it in XML, read as ours are."""
    lists = "".join(f"<List>{entry}</List>" for entry in entries)
    return read_xml(
        f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName>"
        f"<FromUserName><![CDATA[o-1]]></FromUserName><CreateTime>1610969440</CreateTime>"
        f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>"
        f"<{holder}>{lists}</{holder}></xml>".encode()
    )


def asked(template_id: str, answer: str) -> str:
    return (
        f"<TemplateId><![CDATA[{template_id}]]></TemplateId>"
        f"<SubscribeStatusString><![CDATA[{answer}]]></SubscribeStatusString>"
        f"<PopupScene>2</PopupScene>"
    )


def sent(template_id: str, msgid: str, code: str, status: str) -> str:
    return (
        f"<TemplateId><![CDATA[{template_id}]]></TemplateId><MsgID>{msgid}</MsgID>"
        f"<ErrorCode>{code}</ErrorCode><ErrorStatus><![CDATA[{status}]]></ErrorStatus>"
    )


def popup(*entries: str) -> Any:
    return fields(consent.POPUP, "SubscribeMsgPopupEvent", *entries)


def test_a_question_about_one_template_is_read() -> None:
    arrival = parse(popup(asked("tpl-due", "accept")), OURS)
    assert arrival.choices == (Choice("tpl-due", LONG_TERM, "yes"),)
    assert arrival.event == {"event": consent.POPUP, "list": [["tpl-due", "accept"]]}
    assert (arrival.waits, arrival.window, arrival.kind) == (False, None, "event")


def test_a_question_about_several_templates_is_read() -> None:
    arrival = parse(popup(asked("tpl-due", "reject"), asked("tpl-reply", "accept")), OURS)
    assert arrival.choices == (
        Choice("tpl-due", LONG_TERM, "no"),
        Choice("tpl-reply", ONE_TIME, "yes"),
    )


def test_a_template_nobody_configured_is_taken_for_one_message() -> None:
    assert parse(popup(asked("tpl-other", "accept")), OURS).choices == (
        Choice("tpl-other", ONE_TIME, "yes"),
    )


def test_a_no_in_the_settings_is_for_good() -> None:
    event = fields(consent.CHANGE, "SubscribeMsgChangeEvent", asked("tpl-due", "reject"))
    assert parse(event, OURS).choices == (Choice("tpl-due", LONG_TERM, "forbidden"),)


def test_an_unheard_of_answer_changes_nothing_and_the_event_is_kept() -> None:
    arrival = parse(popup(asked("tpl-due", "perhaps"), asked("", "accept"), "text"), OURS)
    assert arrival.choices == ()
    assert arrival.external_id.startswith("event:")


def test_two_answers_within_one_second_are_two_events() -> None:
    first, second = popup(asked("a", "accept")), popup(asked("b", "accept"))
    assert parse(first, OURS).external_id != parse(second, OURS).external_id
    assert parse(first, OURS).external_id == parse(popup(asked("a", "accept")), OURS).external_id


def test_what_became_of_a_subscription_message_is_a_receipt() -> None:
    event = fields(consent.SENT, "SubscribeMsgSentEvent", sent("tpl-due", "17", "0", "success"))
    arrival = parse(event, OURS)
    assert arrival.receipts == (
        Receipt(
            "17",
            delivered=True,
            code="success",
            provider="wechat:wx1",
            at=arrival.sent_at,
            templates=("followup_due",),
        ),
    )
    assert arrival.external_id == "receipt:17"


def test_one_event_may_tell_of_several_messages() -> None:
    event = fields(
        consent.SENT,
        "SubscribeMsgSentEvent",
        sent("tpl-due", "17", "0", "success"),
        sent("tpl-reply", "18", "1003", "failed:system"),
        sent("tpl-reply", "", "0", "success"),
    )
    receipts = parse(event, OURS).receipts
    assert [(one.provider_id, one.delivered, one.code) for one in receipts] == [
        ("17", True, "success"),
        ("18", False, "1003"),
    ]


def test_an_account_that_pushes_json_has_the_list_at_the_top() -> None:
    event = {
        "ToUserName": "gh_1",
        "FromUserName": "o-1",
        "CreateTime": "1620973045",
        "MsgType": "event",
        "Event": consent.POPUP,
        "List": [{"TemplateId": "tpl-due", "SubscribeStatusString": "accept", "PopupScene": "0"}],
    }
    assert parse(event, OURS).choices == (Choice("tpl-due", LONG_TERM, "yes"),)


ODD = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["List", "TemplateId", "SubscribeStatusString", "MsgID", "ErrorCode"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("event", list(consent.HOLDERS))
@given(odd=ODD)
def test_whatever_the_list_holds_is_survived(event: str, odd: object) -> None:
    head = {
        "ToUserName": "gh",
        "FromUserName": "o",
        "CreateTime": "1610969440",
        "MsgType": "event",
        "Event": event,
    }
    arrival = parse({**head, consent.HOLDERS[event]: odd}, OURS)
    assert arrival.event["event"] == event
