"""Our callback, called by npm `wechat-crypto`: events that nobody here encrypted reach the ledger once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from channels.reception import Reception
from channels.wechat.account import WeChatAccount
from channels.wechat.webhook import Callback, router
from records import subscriptions
from records.db import Database
from records.subscriptions import Leave
from records.tables import ContactPoint, InboundMessage
from records.vault import Vault
from tests.channels.world import (
    AES_KEY,
    APP_ID,
    ORIGINAL_ID,
    TOKEN,
    MovingClock,
    a_port,
    on_loopback,
)
from tests.simulator.conftest import NodePeer, node_packages

__all__ = ["node_packages"]

ONE = "<List><TemplateId><![CDATA[{}]]></TemplateId><SubscribeStatusString><![CDATA[{}]]>"
END = "</SubscribeStatusString><PopupScene>1</PopupScene></List>"


def event(name: str, holder: str, *answers: tuple[str, str]) -> str:
    entries = "".join(ONE.format(*answer) + END for answer in answers)
    return f"<Event><![CDATA[{name}]]></Event><{holder}>{entries}</{holder}>"


YES = event(
    "subscribe_msg_popup_event",
    "SubscribeMsgPopupEvent",
    ("tpl-due", "accept"),
    ("tpl-x", "reject"),
)
YES_AGAIN = event("subscribe_msg_popup_event", "SubscribeMsgPopupEvent", ("tpl-due", "accept"))
OFF = event("subscribe_msg_change_event", "SubscribeMsgChangeEvent", ("tpl-due", "reject"))


@pytest.mark.usefixtures("node_packages")
async def test_consent_arrives_twice_and_out_of_order_and_counts_once(
    sqlite_database: Database,
    vault: Vault,
    clock: MovingClock,
    account: WeChatAccount,
    reception: Reception,
) -> None:
    product = FastAPI()
    callback = Callback(account, sqlite_database, reception, clock)
    product.include_router(router({"main": callback}))
    listening, url = a_port()
    began = int(clock.now.timestamp())
    lines = [
        {"id": "later", "openid": "o-1", "event": YES_AGAIN, "at": began + 20},
        {"id": "off", "openid": "o-1", "event": OFF, "at": began + 10},
        {"id": "first", "openid": "o-1", "event": YES, "at": began},
    ]
    async with on_loopback((product, listening)):
        outcomes = await asyncio.to_thread(_sent, f"{url}/wechat/main", lines)
    assert [one["status"] for one in outcomes] == [200] * 6
    assert {one["body"] for one in outcomes} == {"success"}
    with sqlite_database.reading() as session:
        assert len(session.exec(select(InboundMessage)).all()) == 3
        contact = session.exec(select(ContactPoint)).one()
        found = subscriptions.leave_for(session, contact.id, "tpl-due")
        assert found == Leave("accepted", 1), "the yes before the switch-off is gone"
        assert subscriptions.leave_for(session, contact.id, "tpl-x").state == "rejected"
        assert contact.wake_at is None, "nobody need answer it"


def _sent(url: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    peer = NodePeer(
        "send_dev.js",
        {
            "CALLBACK_URL": url,
            "WECHAT_TOKEN": TOKEN,
            "WECHAT_APP_ID": APP_ID,
            "WECHAT_AES_KEY": AES_KEY,
            "WECHAT_ACCOUNT_ID": ORIGINAL_ID,
            "CONCURRENCY": "1",
        },
    )
    try:
        return peer.feed(lines)
    finally:
        peer.close()
