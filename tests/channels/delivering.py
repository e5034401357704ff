"""Delivering workers as processes of their own, to be killed; each is forked from what is loaded.

A line on stdin asks for a worker, whose pid is answered. Arguments: database URL, WeChat's URL, the SMS service's URL, where it reports to.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import httpx

from channels.delivery import Limits, Routes, deliver_due
from channels.sms.twilio import Twilio
from channels.wechat.account import WeChatAccount
from channels.wechat.client import WeChatClient
from channels.wechat.token import TokenKeeper
from records.db import Database
from records.vault import Vault

LEASE = timedelta(seconds=2)
APP_ID, SECRET = "wx5823bf96d3bd56c7", "not-a-secret"
ACCOUNT_SID, AUTH_TOKEN, SENDER = "AC" + "0" * 32, "hidden-token", "+15005550006"
PACE = 1000.0


def routes(
    db: Database, vault: Vault, wechat: httpx.AsyncClient, sms: httpx.AsyncClient, *at: str
) -> Routes:
    """WeChat, and an SMS line whose provider takes free words and reports what arrived."""
    account = WeChatAccount(APP_ID, SECRET, token="", aes_keys=())
    sms_url, push_url = at
    line = Twilio(sms, ACCOUNT_SID, AUTH_TOKEN, SENDER, push_url, sms_url, sends_per_second=PACE)
    chat = WeChatClient(account, wechat, TokenKeeper(account, wechat, db, vault))
    return Routes({("wechat", APP_ID): chat, ("sms", "main"): line})


async def work(database_url: str, wechat_url: str, sms_url: str, push_url: str) -> None:
    """Deliver until killed, or until whoever forked us is gone."""
    parent = os.getppid()
    db, vault = Database(database_url), Vault(b"s" * 32, b"i" * 32)
    async with (
        httpx.AsyncClient(base_url=wechat_url, trust_env=False) as wechat,
        httpx.AsyncClient(trust_env=False) as sms,
    ):
        ways = routes(db, vault, wechat, sms, sms_url, push_url)
        limits = Limits(lease=LEASE, lanes=2, first_pause=timedelta(seconds=1))
        while os.getppid() == parent:
            now = datetime.now(UTC)  # noqa: TID251 - a process of its own has a clock of its own
            await deliver_due(db, vault, ways, now, 10, limits=limits)
            await asyncio.sleep(0.02)


def nurse(*args: str) -> None:
    """Fork a worker for each line that comes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            asyncio.run(work(*args))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    nurse(*sys.argv[1:])
