"""A delivering worker as a process of its own, to be killed. It imports little, to be back soon.

Arguments: database URL, platform URL, app id, secret.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import httpx

from channels.delivery import Limits, Routes, deliver_due
from channels.wechat.account import WeChatAccount
from channels.wechat.client import WeChatClient
from channels.wechat.token import TokenKeeper
from records.db import Database
from records.vault import Vault

LEASE = timedelta(seconds=2)


async def work(database_url: str, platform_url: str, app_id: str, secret: str) -> None:
    db, vault = Database(database_url), Vault(b"s" * 32, b"i" * 32)
    account = WeChatAccount(app_id, secret, token="", aes_keys=())
    async with httpx.AsyncClient(base_url=platform_url, trust_env=False) as http:
        client = WeChatClient(account, http, TokenKeeper(account, http, db, vault))
        routes = Routes({("wechat", app_id): client})
        limits = Limits(lease=LEASE, lanes=2, first_pause=timedelta(seconds=1))
        while True:
            now = datetime.now(UTC)  # noqa: TID251 - a process of its own has a clock of its own
            await deliver_due(db, vault, routes, now, 10, limits=limits)
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
