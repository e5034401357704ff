"""Fixtures of the channels' tests; what they are made of is in world.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from channels.reception import Reception
from channels.wechat.account import WeChatAccount
from records.db import Database
from records.vault import Vault
from tests.channels.world import (
    AES_KEY,
    APP_ID,
    OLD_AES_KEY,
    ORIGINAL_ID,
    SECRET,
    TOKEN,
    MovingClock,
    ScriptedChannel,
    World,
    a_roster,
    a_world,
)


@pytest.fixture
def clock(now: datetime) -> MovingClock:
    return MovingClock(now)


@pytest.fixture
def account() -> WeChatAccount:
    return WeChatAccount(
        app_id=APP_ID,
        secret=SECRET,
        token=TOKEN,
        aes_keys=(AES_KEY, OLD_AES_KEY),
        original_id=ORIGINAL_ID,
        templates={"followup_due": "tpl-due"},
    )


@pytest.fixture
def reception(vault: Vault) -> Reception:
    return Reception(vault, a_roster)


@pytest.fixture
async def world(
    sqlite_database: Database,
    vault: Vault,
    clock: MovingClock,
    account: WeChatAccount,
    reception: Reception,
) -> AsyncIterator[World]:
    """Everything in one process: for what HTTP itself does not decide."""
    async with a_world(sqlite_database, vault, clock, account, reception) as made:
        yield made


@pytest.fixture
async def wired(
    sqlite_database: Database,
    vault: Vault,
    clock: MovingClock,
    account: WeChatAccount,
    reception: Reception,
) -> AsyncIterator[World]:
    """Both servers on real sockets."""
    async with a_world(sqlite_database, vault, clock, account, reception, wired=True) as made:
        yield made


@pytest.fixture
def channel() -> ScriptedChannel:
    return ScriptedChannel()
