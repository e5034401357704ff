"""A process of its own that wants the token: once, and again when it is told that it was refused.

Arguments: database URL, platform URL, app id, secret. A line on stdin asks; `token=…` is the answer.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import httpx

from channels.wechat.account import WeChatAccount
from channels.wechat.token import TokenKeeper
from records.db import Database
from records.vault import Vault


async def ask(database_url: str, platform_url: str, app_id: str, secret: str) -> None:
    db, vault = Database(database_url), Vault(b"s" * 32, b"i" * 32)
    account = WeChatAccount(app_id, secret, token="", aes_keys=())
    async with httpx.AsyncClient(base_url=platform_url, trust_env=False) as http:
        keeper = TokenKeeper(account, http, db, vault)
        refused: str | None = None
        for _ in sys.stdin:
            now = datetime.now(UTC)  # noqa: TID251 - a process of its own has a clock of its own
            refused = await keeper.token(now, refused=refused)
            sys.stdout.write(f"token={refused}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(ask(*sys.argv[1:]))
